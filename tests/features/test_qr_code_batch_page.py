"""The pages of the batch: the price first, then the ZIP file for exactly that price."""

import io
import re
import zipfile
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.features import qr_codes
from payapp.ledger.balances import get_balance, list_entries
from payapp.ledger.verification import verify
from tests.people import Visitor, give_credits

PAGE = "/features/qr-code-batch"
ZIP = f"{PAGE}/zip"
LINES = "https://a.example\n\nhttps://b.example\nhttps://a.example\n"


def upload(visitor: Visitor, content: bytes, name: str = "list.csv", **fields: Any) -> TestResponse:
    return visitor.submit(PAGE, file=(io.BytesIO(content), name), **fields)


def hidden(page: str, name: str) -> str:
    """Return the value of a field that the page sends back."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.partition('id="batch-price"')[2])
    assert found, f"no {name} on the page"
    return found[1]


def test_it_works(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 5)
    page = visitor.submit(PAGE, lines=LINES)
    assert (page.status_code, hidden(page.text, "cost")) == (200, "2")
    assert get_balance(session, user_id).posted == 5
    response = visitor.submit(ZIP, lines=hidden(page.text, "lines"), cost="2")
    assert (response.status_code, response.mimetype) == (200, "application/zip")
    assert response.headers["Content-Disposition"] == "attachment; filename=qr-codes.zip"
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        assert len(archive.namelist()) == 4
    assert get_balance(session, user_id).posted == 3
    entry = list_entries(session, user_id, limit=1)[0]
    assert (entry.entry_type, entry.amount, entry.note) == ("capture", -2, "2 QR codes")
    assert verify(session) == []


@pytest.mark.parametrize("path", [PAGE, ZIP])
def test_it_requires_a_login(client: FlaskClient, path: str) -> None:
    assert client.post(path).headers["Location"].startswith("/login")


def test_the_same_form_sent_twice_is_paid_once(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 2)
    page = visitor.submit(PAGE, lines=LINES).text
    fields = {name: hidden(page, name) for name in ("lines", "cost", "request_id")}
    first, second = (visitor.submit(ZIP, **fields) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.data == second.data
    assert (get_balance(session, user_id).posted, get_balance(session, user_id).held) == (0, 0)
    assert verify(session) == []


def test_each_page_and_each_list_is_paid_by_itself(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 9)
    ids = [hidden(visitor.submit(PAGE, lines=LINES).text, "request_id") for _ in range(2)]
    assert visitor.submit(ZIP, lines=LINES, cost="2", request_id=ids[0]).status_code == 200
    assert visitor.submit(ZIP, lines=LINES, cost="2", request_id=ids[1]).status_code == 200
    assert visitor.submit(ZIP, lines="a\nb", cost="2", request_id=ids[0]).status_code == 200
    assert visitor.submit(ZIP, lines="a", cost="1", request_id="").status_code == 200
    assert visitor.submit(ZIP, lines="a", cost="1", request_id="").status_code == 200
    assert get_balance(session, user_id).posted == 1


def test_it_says_what_it_makes_of_the_list(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 5)
    text = visitor.submit(PAGE, lines=LINES).text
    assert "<dt>Blank lines</dt><dd>1 skipped</dd>" in text
    assert "<dt>Repeated lines</dt><dd>1 skipped</dd>" in text
    assert "<dt>Price</dt><dd>2 credits</dd>" in text
    assert "<dt>Left afterwards</dt><dd>3 credits</dd>" in text


def test_it_reads_a_file(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 5)
    page = upload(visitor, b"url;name\nhttps://a.example;A\nhttps://b.example;B\n", lines="https://c.example")
    assert hidden(page.text, "lines") == "https://c.example\nhttps://a.example\nhttps://b.example"


def test_it_shows_texts_as_texts(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 5)
    page = visitor.submit(PAGE, lines='"><script>alert(1)</script>')
    assert "<script>alert" not in page.text
    assert hidden(page.text, "lines") == "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.mark.parametrize("path", [PAGE, ZIP])
@pytest.mark.parametrize("lines", ["", "a\n" + "x" * 301, "\n".join(map(str, range(501)))])
def test_it_rejects_a_list_that_cannot_be_made(visitor: Visitor, session: Session, path: str, lines: str) -> None:
    user_id = give_credits(visitor, session, 600)
    response = visitor.submit(path, lines=lines, cost="1")
    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert "Nothing was charged." in response.text
    assert get_balance(session, user_id).posted == 600


@pytest.mark.parametrize("cost", ["", "1", "3", "-2", "2.0", "x", "9" * 30])
def test_it_charges_no_price_but_the_one_agreed_to(visitor: Visitor, session: Session, cost: str) -> None:
    user_id = give_credits(visitor, session, 5)
    response = visitor.submit(ZIP, lines=LINES, cost=cost)
    assert response.status_code == 422
    assert get_balance(session, user_id).posted == 5


def test_it_shows_a_price_that_has_changed(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 5)
    response = visitor.submit(ZIP, lines=LINES, cost="1")
    assert "The price has changed" in response.text
    assert hidden(response.text, "cost") == "2"


@pytest.mark.parametrize(("path", "status"), [(PAGE, 200), (ZIP, 402)])
@pytest.mark.parametrize(("count", "package"), [(2, "starter"), (102, "growth")])
def test_it_says_how_to_buy_when_credits_are_missing(
    visitor: Visitor, session: Session, path: str, status: int, count: int, package: str
) -> None:
    user_id = give_credits(visitor, session, 1)
    response = visitor.submit(path, lines="\n".join(map(str, range(count))), cost=str(count))
    assert response.status_code == status
    assert f"This costs {count} credits, and you have 1. Nothing was taken." in response.text
    assert f'name="package_id" value="{package}"' in response.text
    assert (get_balance(session, user_id).posted, get_balance(session, user_id).held) == (1, 0)


def test_a_program_is_told_in_json(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 1)
    data = {"csrf_token": visitor.csrf_token(), "lines": LINES, "cost": "2"}
    response = visitor.client.post(ZIP, data=data, headers={"Accept": "application/json"})
    assert (response.status_code, response.mimetype) == (402, "application/problem+json")


def test_it_costs_nothing_when_the_work_fails(
    visitor: Visitor, session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = give_credits(visitor, session, 5)
    drawn: list[str] = []

    def fail_at_the_second(text: str) -> dict[str, bytes]:
        drawn.append(text)
        if len(drawn) == 2:
            raise RuntimeError("out of ink")
        return {"png": b"", "svg": b""}

    monkeypatch.setattr(qr_codes, "draw_files", fail_at_the_second)
    app.testing = False
    assert visitor.submit(ZIP, lines=LINES, cost="2").status_code == 500
    assert (get_balance(session, user_id).posted, get_balance(session, user_id).held) == (5, 0)
    assert verify(session) == []


@pytest.mark.parametrize("form", ["lines", "file"])
def test_a_list_of_more_than_a_megabyte_is_too_large(visitor: Visitor, form: str) -> None:
    visitor.sign_up()
    much = "x\n" * 600_000
    value: Any = (io.BytesIO(much.encode()), "a.txt") if form == "file" else much
    data = {"csrf_token": visitor.csrf_token(), form: value}
    assert visitor.client.post(PAGE, data=data, content_type="multipart/form-data").status_code == 413


class TestWhileTyping:
    def ask(self, visitor: Visitor, **fields: str) -> TestResponse:
        headers = {"HX-Request": "true", "X-CSRFToken": visitor.csrf_token()}
        return visitor.client.post(PAGE, data=fields, headers=headers)

    def test_it_changes_the_price_and_the_header(self, visitor: Visitor, session: Session) -> None:
        give_credits(visitor, session, 5)
        response = self.ask(visitor, lines=LINES)
        assert "<html" not in response.text
        assert "<textarea" not in response.text
        assert hidden(response.text, "cost") == "2"
        assert 'hx-swap-oob="true"' in response.text

    def test_an_empty_list_is_no_error_yet(self, visitor: Visitor) -> None:
        visitor.sign_up()
        response = self.ask(visitor, lines=" \n")
        assert response.status_code == 200
        assert "The price will appear here" in response.text

    def test_an_error_does_not_take_the_focus(self, visitor: Visitor) -> None:
        visitor.sign_up()
        response = self.ask(visitor, lines="x" * 301)
        assert (response.status_code, "autofocus" in response.text) == (422, False)
        assert "Line 1 does not fit" in response.text

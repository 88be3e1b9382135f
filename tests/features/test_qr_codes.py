"""The QR code page: one credit each, nothing when it fails."""

import base64

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from payapp.features import qr_codes
from payapp.ledger.balances import get_balance, list_entries
from payapp.ledger.verification import verify
from tests.people import Visitor, give_credits

PAGE = "/features/qr-codes"


def test_it_works(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 3)
    response = visitor.submit(PAGE, text="https://example.com")
    assert response.status_code == 200
    assert "<svg" in response.text
    assert "data:image/png;base64," in response.text
    assert get_balance(session, user_id).posted == 2
    assert list_entries(session, user_id, limit=1)[0].entry_type == "capture"
    assert verify(session) == []


def test_it_requires_a_login(client: FlaskClient) -> None:
    assert client.get(PAGE).headers["Location"] == "/login?next=/features/qr-codes"


def test_it_requires_a_csrf_token(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 3)
    assert visitor.client.post(PAGE, data={"text": "x"}).status_code == 400


def test_it_says_how_to_buy_when_credits_are_missing(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 0)
    response = visitor.submit(PAGE, text="https://example.com")
    assert response.status_code == 402
    assert 'name="package_id" value="starter"' in response.text
    assert get_balance(session, user_id).posted == 0


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001, "€" * 1000])
def test_it_rejects_a_text_that_cannot_be_encoded(visitor: Visitor, session: Session, text: str) -> None:
    user_id = give_credits(visitor, session, 3)
    response = visitor.submit(PAGE, text=text)
    assert response.status_code == 422
    assert get_balance(session, user_id).posted == 3


def test_it_costs_nothing_when_the_work_fails(
    visitor: Visitor, session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = give_credits(visitor, session, 3)

    def fail(text: str) -> None:
        raise RuntimeError("out of ink")

    monkeypatch.setattr(qr_codes, "make_qr_code", fail)
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert visitor.submit(PAGE, text="https://example.com").status_code == 500
    balance = get_balance(session, user_id)
    assert (balance.posted, balance.held) == (3, 0)
    assert verify(session) == []


def test_it_changes_the_header_with_the_answer(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 3)
    token = visitor.csrf_token()
    response = visitor.client.post(PAGE, data={"text": "hello"}, headers={"HX-Request": "true", "X-CSRFToken": token})
    assert "<html" not in response.text
    assert 'id="nav-balance"' in response.text
    assert 'hx-swap-oob="true"' in response.text
    assert ">2<" in response.text


def test_it_makes_a_png_that_can_be_kept() -> None:
    code = qr_codes.make_qr_code("hello")
    kind, _, data = code.png_data_url.partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")

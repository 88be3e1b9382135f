"""One form, one charge, for every feature: what is sent twice is one use, what is wanted twice is two."""

import inspect
import io
import re
from typing import Any

import pytest
from flask import Flask, request
from sqlalchemy.orm import Session

from payapp.config import PROJECT_ROOT
from payapp.features import FEATURES, spends_credits
from payapp.ledger.balances import get_balance
from payapp.ledger.holds import place_hold, release_hold
from payapp.ledger.verification import verify
from tests.people import Visitor, give_credits

PAGE = "/features/qr-codes"
OF_THE_FIELD = re.compile(r'name="request_id" value="(\w{32})"')


def id_of(page: str) -> str:
    [found] = OF_THE_FIELD.findall(page)
    return str(found)


def test_a_form_that_is_sent_again_is_charged_once_and_shows_its_result_again(
    visitor: Visitor, session: Session
) -> None:
    user_id = give_credits(visitor, session, 5)
    form = {"text": "hello", "request_id": id_of(visitor.get(PAGE).text)}
    first, again = visitor.submit(PAGE, **form), visitor.submit(PAGE, **form)
    assert (first.status_code, again.status_code) == (200, 200)
    assert "Download PNG" in first.text
    assert "Download PNG" in again.text
    assert get_balance(session, user_id).posted == 4
    assert verify(session) == []


def test_what_is_wanted_twice_is_charged_twice(visitor: Visitor, session: Session) -> None:
    """The page with the result has the next form. Another text is another use, and so is a form without the field."""
    user_id = give_credits(visitor, session, 9)
    form_id = id_of(visitor.get(PAGE).text)
    page = visitor.submit(PAGE, text="hello", request_id=form_id).text
    assert id_of(page) != form_id
    visitor.submit(PAGE, text="hello", request_id=id_of(page))
    visitor.submit(PAGE, text="hullo", request_id=form_id)
    assert get_balance(session, user_id).posted == 6
    for _ in range(2):
        visitor.submit(PAGE, text="hello", request_id="")
        visitor.submit(PAGE, text="hello")
    assert get_balance(session, user_id).posted == 2


def test_another_address_is_another_use(visitor: Visitor, session: Session) -> None:
    """A feature may read what it shall do from the query."""
    user_id = give_credits(visitor, session, 9)
    form = {"text": "hello", "request_id": "f" * 32}
    for address in (PAGE, f"{PAGE}?a=1", f"{PAGE}?a=2", f"{PAGE}?a=2"):
        visitor.submit(address, **form)
    assert get_balance(session, user_id).posted == 6


def test_a_form_that_failed_for_want_of_credits_works_later(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 1)
    hold = place_hold(session, user_id, 1, feature="test", expires_in_seconds=60)
    form = {"text": "hello", "request_id": "f" * 32}
    assert visitor.submit(PAGE, **form).status_code == 402
    release_hold(session, hold.id)
    assert visitor.submit(PAGE, **form).status_code == 200
    assert get_balance(session, user_id).posted == 0


def test_one_persons_form_pays_nothing_of_anothers(visitor: Visitor, app: Flask, session: Session) -> None:
    form = {"text": "hello", "request_id": "f" * 32}
    for email in ("ada@example.com", "bob@example.com"):
        person = Visitor(app.test_client())
        user_id = give_credits(person, session, 1, email)
        assert person.submit(PAGE, **form).status_code == 200
        assert get_balance(session, user_id).posted == 0


@pytest.fixture
def uploads(app: Flask) -> str:
    """A feature that is given a file, and charges twice in one request."""

    def count() -> str:
        sizes = []
        for _ in range(2):
            with spends_credits("qr-code"):
                file = request.files["file"]
                file.seek(0)
                sizes.append(len(file.read()))
        return str(sizes)

    app.post("/features/count")(count)
    return "/features/count"


def test_files_belong_to_the_use_and_uses_in_one_request_are_told_apart(
    visitor: Visitor, session: Session, uploads: str
) -> None:
    user_id = give_credits(visitor, session, 9)

    def send(content: bytes) -> str:
        return visitor.submit(uploads, file=(io.BytesIO(content), "a.txt"), request_id="a").text

    assert [send(b"one"), send(b"one")] == ["[3, 3]"] * 2
    assert get_balance(session, user_id).posted == 7
    send(b"two")
    assert get_balance(session, user_id).posted == 5


def test_another_price_is_another_use(visitor: Visitor, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    user_id = give_credits(visitor, session, 9)
    form = {"text": "hello", "request_id": "f" * 32}
    visitor.submit(PAGE, **form)
    dearer: Any = FEATURES["qr-code"].__class__("qr-code", "QR code", 3, "Dearer.")
    monkeypatch.setitem(FEATURES, "qr-code", dearer)
    assert visitor.submit(PAGE, **form).status_code == 200
    assert get_balance(session, user_id).posted == 5


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_form_that_spends_carries_the_field(app: Flask) -> None:
    spending = {name for name, view in app.view_functions.items() if "spends_credits(" in inspect.getsource(view)}
    forms = [
        form
        for path in (PROJECT_ROOT / "payapp" / "templates").rglob("*.html")
        for form in re.findall(r"<form.*?</form>", path.read_text(), re.DOTALL)
        if any(f"url_for('{name}')" in form for name in spending)
    ]
    assert [form for form in forms if "once_field()" not in form] == []
    assert len(forms) >= 2

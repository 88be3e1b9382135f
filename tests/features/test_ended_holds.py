"""Work whose hold is gone when it is done hands out nothing; and nobody else makes a hold go."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.auth.api_keys import create_api_key
from payapp.auth.models import User
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.features import qr_code_batch, spends_credits
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import HoldNotOpenError
from payapp.ledger.holds import capture_hold, place_hold, release_hold
from payapp.ledger.makers import USER
from payapp.ledger.models import Hold
from payapp.ledger.verification import verify
from tests.factories import make_user
from tests.people import Visitor, give_credits

ZIP = "/features/qr-code-batch/zip"
Interfere = Callable[[Callable[[], object]], None]


@pytest.fixture
def while_it_works(monkeypatch: pytest.MonkeyPatch) -> Interfere:
    """Return what lets something happen between the work of the ZIP and its payment."""
    make_zip = qr_code_batch.make_zip

    def interfere(happening: Callable[[], object]) -> None:
        def make_and_happen(batch: qr_code_batch.Batch) -> bytes:
            archive = make_zip(batch)
            happening()
            db.session.commit()
            return archive

        monkeypatch.setattr(qr_code_batch, "make_zip", make_and_happen)

    return interfere


def ask(visitor: Visitor, request_id: str = "once", **headers: str) -> TestResponse:
    """Ask for a ZIP of three codes."""
    form = {"csrf_token": visitor.csrf_token(), "lines": "a\nb\nc", "cost": "3", "request_id": request_id}
    return visitor.client.post(ZIP, data=form, headers=headers)


def the_hold() -> int:
    return db.session.scalars(select(Hold.id).order_by(Hold.id.desc()).limit(1)).one()


def let_it_expire() -> None:
    db.session.execute(update(Hold).where(Hold.id == the_hold()).values(expires_at=utc_now() - timedelta(seconds=1)))


GONE: dict[str, tuple[Callable[[], object], int]] = {
    "captured in part": (lambda: capture_hold(db.session(), the_hold(), 1), 9),
    "released": (lambda: release_hold(db.session(), the_hold()), 10),
    "expired": (let_it_expire, 10),
}


@pytest.mark.parametrize("ending", ["capture", "release"])
def test_the_owner_can_not_end_the_hold_of_a_feature(
    app: Flask, visitor: Visitor, session: Session, while_it_works: Interfere, ending: str
) -> None:
    user_id = give_credits(visitor, session, 10)
    headers = {"Authorization": f"Bearer {create_api_key(session, user_id, 'own', 'spend').secret}"}
    session.commit()
    program, answers = app.test_client(), list[int]()

    def steal() -> None:
        (hold,) = program.get("/api/v1/holds?status=open", headers=headers).get_json()["holds"]
        assert hold["made_by"] == "app"
        body = {"amount": 1} if ending == "capture" else {}
        keyed = headers | {"Idempotency-Key": "steal"}
        answers.append(program.post(f"/api/v1/holds/{hold['id']}/{ending}", json=body, headers=keyed).status_code)

    while_it_works(steal)
    response = ask(visitor)
    assert (response.status_code, response.mimetype, answers) == (200, "application/zip", [403])
    balance = get_balance(session, user_id)
    assert (balance.posted, balance.held) == (7, 0)
    assert verify(session) == []


@pytest.mark.parametrize("request_id", ["once", ""])
@pytest.mark.parametrize("how", GONE)
def test_a_zip_whose_hold_is_gone_is_not_handed_out(
    visitor: Visitor,
    session: Session,
    while_it_works: Interfere,
    caplog: pytest.LogCaptureFixture,
    how: str,
    request_id: str,
) -> None:
    happening, posted = GONE[how]
    user_id = give_credits(visitor, session, 10)
    while_it_works(happening)
    with caplog.at_level(logging.ERROR):
        response = ask(visitor, request_id)
    assert (response.status_code, response.mimetype) == (409, "text/html")
    assert b"PK\x03\x04" not in response.data
    assert "it was given up" in response.text
    assert ("Nothing was charged" in response.text) == (posted == 10)
    assert "is not handed out" in caplog.text
    balance = get_balance(session, user_id)
    assert (balance.posted, balance.held) == (posted, 0)
    assert verify(session) == []


def test_programs_are_told_by_a_code(visitor: Visitor, session: Session, while_it_works: Interfere) -> None:
    give_credits(visitor, session, 10)
    while_it_works(let_it_expire)
    response = ask(visitor, Accept="application/json")
    assert (response.status_code, response.get_json()["code"]) == (409, "hold_not_open")


def test_after_a_hold_that_expired_the_same_form_is_another_try(
    visitor: Visitor, session: Session, while_it_works: Interfere
) -> None:
    user_id = give_credits(visitor, session, 10)
    while_it_works(let_it_expire)
    assert ask(visitor).status_code == 409
    while_it_works(lambda: None)
    assert [ask(visitor).status_code for _ in range(2)] == [200, 200]
    assert get_balance(session, user_id).posted == 7


@pytest.mark.parametrize("key", [None, "use:1"])
@pytest.mark.parametrize("how", GONE)
def test_what_the_work_wrote_is_undone(session: Session, how: str, key: str | None) -> None:
    """Also where the caller catches the error, and commits."""
    user_id = make_user(session, credits=10).id
    batch = qr_code_batch.Batch("abc")

    def work() -> None:
        GONE[how][0]()
        session.commit()
        session.get_one(User, user_id).email = "lost@example.com"
        session.flush()

    with (
        pytest.raises(HoldNotOpenError),
        spends_credits("qr-code-batch", input=batch, user_id=user_id, idempotency_key=key),
    ):
        work()
    session.commit()
    assert session.scalar(select(User).where(User.email == "lost@example.com")) is None


def test_a_use_without_a_key_is_paid_by_nobody_else(session: Session) -> None:
    """Not even with all that it costs: that was another's use, whoever made it."""
    user_id = make_user(session, credits=10).id
    use = spends_credits("qr-code-batch", input=qr_code_batch.Batch("abc"), user_id=user_id)
    use.__enter__()
    capture_hold(session, the_hold())
    session.commit()
    with pytest.raises(HoldNotOpenError):
        use.__exit__(None, None, None)


def test_a_use_that_was_paid_for_less_is_not_handed_out_for_that(session: Session) -> None:
    user_id = make_user(session, credits=10).id
    use: dict[str, Any] = {"input": qr_code_batch.Batch("abc"), "user_id": user_id, "idempotency_key": "use:1"}
    with spends_credits("qr-code-batch", **use) as charge:
        charge.amount = 1
    with spends_credits("qr-code-batch", **use) as charge:
        charge.amount = 1
    with pytest.raises(HoldNotOpenError), spends_credits("qr-code-batch", **use):
        pass
    assert get_balance(session, user_id).posted == 9


def test_a_hold_of_the_users_own_programs_is_none_of_a_features_business(session: Session) -> None:
    """Not even under the very key that the feature uses."""
    user_id = make_user(session, credits=10).id
    place_hold(session, user_id, 3, feature="qr-code-batch", maker=USER, idempotency_key="use:1")
    session.commit()
    with spends_credits("qr-code-batch", input=qr_code_batch.Batch("abc"), user_id=user_id, idempotency_key="use:1"):
        pass
    balance = get_balance(session, user_id)
    assert (balance.posted, balance.held) == (7, 3)

"""On PostgreSQL the ordinary request is one statement; what that can't do has changed nothing and goes step by step."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from payapp.api import idempotency
from payapp.api.models import ApiRequest
from payapp.auth.api_keys import revoke_by_prefix
from payapp.billing.checkout.one_statement import FULFILL, fulfill_values
from payapp.billing.models import Purchase
from payapp.database import one_statement
from payapp.database.clock import utc_now
from payapp.database.one_statement import attempt
from payapp.extensions import db
from payapp.ledger.holds import OPEN_HOLDS_MAX
from payapp.ledger.models import Hold, LedgerEntry
from payapp.ledger.one_statement import CAPTURE, PLACE, RELEASE, SPEND, Part
from payapp.ledger.verification import verify
from payapp.stripe_types.objects import CheckoutSession
from payapp.webhooks import one_statement as of_webhooks
from payapp.webhooks.models import StripeEvent
from tests.api.conftest import MakeProgram, Program, code_of
from tests.factories import checkout_session_object, make_purchase, make_user
from tests.webhooks.delivering import deliver, event_about
from tests.webhooks.test_database_down import Outage, outage  # noqa: F401

ON_POSTGRESQL = pytest.mark.parametrize("engine_name", ["postgresql"])
pytestmark = ON_POSTGRESQL


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each statement that was tried has done its work."""
    done: list[bool] = []

    def watched(*arguments: Any) -> Any:
        row = attempt(*arguments)
        done.append(row is not None)
        return row

    for module in (idempotency, one_statement, of_webhooks):
        monkeypatch.setattr(module, "attempt", watched)
    return done


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """What is sent in other ways: through SQLAlchemy."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def count(session: Session, model: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_every_operation_is_one(program: Program, made: list[bool], statements: list[str]) -> None:
    for _ in range(2):  # the key is looked up, its first use is noted, it is looked up again, and known from here on
        program.balance()
    statements.clear()
    made.clear()
    captured, released = (program.hold(5).get_json()["id"] for _ in range(2))
    assert program.spend(5).status_code == 201
    assert program.post(f"/holds/{captured}/capture", {"amount": 3}).status_code == 200
    assert program.post(f"/holds/{released}/release").status_code == 200
    assert program.balance() == (92, 0, 92)
    assert statements == []
    assert made == [True] * 6


def test_a_grant_is_one(app: Flask, session: Session, made: list[bool], statements: list[str]) -> None:
    purchase = make_purchase(session, make_user(session))
    payload = event_about(purchase)
    session.rollback()
    statements.clear()
    assert deliver(app.test_client(), payload).status_code == 200
    assert (made, statements) == ([True], [])
    assert deliver(app.test_client(), payload).status_code == 200  # again: step by step it turns out to be known
    assert made == [True, False]
    assert session.scalars(select(LedgerEntry.amount)).all() == [500]
    assert verify(session) == []


def test_a_key_that_was_seen_and_is_revoked_opens_nothing(program: Program, session: Session) -> None:
    hold_id = program.hold(5).get_json()["id"]
    before = count(session, ApiRequest), count(session, Hold)
    revoke_by_prefix(session, program.secret.rpartition("_")[0])
    session.commit()
    answers = [program.spend(5), program.hold(5), program.get("/balance")]
    answers += [program.post(f"/holds/{hold_id}/{ending}") for ending in ("capture", "release")]
    answers += [program.spend("five"), program.spend(5, key=None)]
    assert {code_of(answer) for answer in answers} == {(401, "api_key_invalid")}
    assert (count(session, ApiRequest), count(session, Hold)) == before


@pytest.mark.parametrize("part", [SPEND, PLACE, CAPTURE, RELEASE], ids=["spend", "place", "capture", "release"])
def test_what_turns_out_to_be_impossible_leaves_nothing_behind(
    app: Flask, program: Program, session: Session, part: Part
) -> None:
    """As if somebody came between: the statement believes that it is possible, and begins."""
    hold_id = program.hold(5).get_json()["id"]
    program.post(f"/holds/{hold_id}/release")
    before = count(session, ApiRequest), count(session, Hold)
    asked = """INSERT INTO api_requests (user_id, idempotency_key, operation, body_hash, created_at)
        VALUES (1, 'k', 'o', 'b', now()) RETURNING id"""
    values: dict[str, Any] = {
        "user_id": program.user_id,
        "amount": 500,
        "feature": "x",
        "note": None,
        "maker": "user",
        "cause": "c",
    }
    values |= {"expires_in_seconds": 900, "now": utc_now(), "hold_id": hold_id, "wanted": None}
    with app.app_context():
        assert attempt(db.engine, part.complete(asked), values) is None
    assert (count(session, ApiRequest), count(session, Hold)) == before
    assert program.balance() == (100, 0, 100)


def test_one_hold_too_many_leaves_nothing_behind(make_program: MakeProgram, session: Session, made: list[bool]) -> None:
    program = make_program(credits=200)
    for _ in range(OPEN_HOLDS_MAX):
        assert program.hold(1).status_code == 201
    before = count(session, ApiRequest), count(session, Hold)
    assert code_of(program.hold(1)) == (409, "too_many_holds")
    assert made == [True] * OPEN_HOLDS_MAX + [False]
    assert (count(session, ApiRequest), count(session, Hold)) == (before[0] + 1, before[1])  # the refusal is kept


def test_a_purchase_that_was_granted_meanwhile_leaves_nothing_behind(app: Flask, session: Session) -> None:
    purchase = make_purchase(session, make_user(session), status="fulfilled", fulfilled_at=utc_now())
    session.commit()
    values = fulfill_values(CheckoutSession.from_object(checkout_session_object(purchase)))
    assert values is not None
    asked = """
        INSERT INTO stripe_events (stripe_event_id, event_type, payload, status, attempts, created_at, received_at)
        VALUES ('evt_1', 't', '{}', 'processed', 1, now(), now()) RETURNING id"""
    with app.app_context():
        assert attempt(db.engine, FULFILL.complete(asked), values) is None
    assert (count(session, StripeEvent), count(session, LedgerEntry), count(session, Purchase)) == (0, 0, 1)


def test_a_database_that_goes_away_is_told_of(
    program: Program,
    outage: Outage,  # noqa: F811
) -> None:
    for _ in range(2):
        program.balance()
    with outage():
        for answer in (program.spend(5), program.hold(5), program.get("/balance")):
            assert code_of(answer) == (503, "database_unavailable")
    assert program.balance() == (100, 0, 100)
    assert program.spend(5).status_code == 201

"""Work that a job does: the request holds its cost, and it is paid when it is done, or not at all."""

import sqlite3
from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.database.sql_functions import database_now
from payapp.features import FEATURES, Feature, qr_code_batch, spends_credits
from payapp.features.charging import capture_when_done
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import HoldNotOpenError, InsufficientCreditsError, InvalidAmountError
from payapp.ledger.holds import capture_hold, find_hold_status, release_hold
from payapp.ledger.models import Hold
from payapp.ledger.verification import verify
from tests.factories import make_user

KEY = "use:1"


def hold_for(user_id: int, texts: str = "abc") -> int:
    """Hold a credit a letter, as a request would."""
    batch = qr_code_batch.Batch(texts)
    return spends_credits("qr-code-batch", input=batch, user_id=user_id, idempotency_key=KEY).place_hold()


def rename(session: Session, user_id: int) -> None:
    """Write something: the work."""
    session.execute(update(User).where(User.id == user_id).values(email="done@example.com"))


def work(session: Session, hold_id: int, *steps: Callable[[], object]) -> None:
    with capture_when_done(session, hold_id):
        for step in steps:
            step()


def fail(error: Exception) -> None:
    raise error


def is_renamed(session: Session) -> bool:
    return session.scalar(select(User.id).where(User.email == "done@example.com")) is not None


def numbers(session: Session, user_id: int) -> tuple[int, int]:
    balance = get_balance(session, user_id)
    return balance.posted, balance.held


@pytest.fixture
def user_id(session: Session) -> int:
    return make_user(session, credits=10).id


def test_it_works(session: Session, user_id: int) -> None:
    hold_id = hold_for(user_id)
    session.commit()
    assert numbers(session, user_id) == (10, 3)
    with capture_when_done(session, hold_id):
        rename(session, user_id)
    session.rollback()
    assert (numbers(session, user_id), is_renamed(session)) == ((7, 0), True)
    assert verify(session) == []


def test_holding_commits_nothing(session: Session, user_id: int) -> None:
    session.commit()
    hold_for(user_id)
    session.rollback()
    assert numbers(session, user_id) == (10, 0)


def test_the_same_use_has_one_hold_and_another_after_one_that_came_to_nothing(session: Session, user_id: int) -> None:
    first = hold_for(user_id)
    assert hold_for(user_id) == first
    release_hold(session, first)
    second = hold_for(user_id)
    assert second == hold_for(user_id) != first
    capture_hold(session, second)
    assert hold_for(user_id) == second
    assert numbers(session, user_id) == (7, 0)


def test_it_requires_credits_and_a_cost(session: Session, user_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InsufficientCreditsError):
        hold_for(user_id, "x" * 11)
    monkeypatch.setitem(FEATURES, "qr-code-batch", Feature("qr-code-batch", "Free", lambda _: 0, "Free."))
    with pytest.raises(InvalidAmountError):
        hold_for(user_id)


def test_work_that_fails_is_undone_and_costs_nothing(session: Session, user_id: int) -> None:
    hold_id = hold_for(user_id)
    session.commit()
    with pytest.raises(ValueError, match="out of ink"):
        work(session, hold_id, lambda: rename(session, user_id), lambda: fail(ValueError("out of ink")))
    session.rollback()
    assert (numbers(session, user_id), is_renamed(session)) == ((10, 0), False)
    assert find_hold_status(session, hold_id) == "released"
    assert verify(session) == []


ENDINGS: dict[str, tuple[Callable[[Session, int], object], int]] = {
    "captured": (lambda session, hold_id: capture_hold(session, hold_id, 1), 9),
    "released": (lambda session, hold_id: release_hold(session, hold_id), 10),
    "expired": (
        lambda session, hold_id: session.execute(
            update(Hold).where(Hold.id == hold_id).values(expires_at=database_now(-1))
        ),
        10,
    ),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_work_whose_hold_has_ended_is_undone_and_takes_nothing(session: Session, user_id: int, how: str) -> None:
    end, posted = ENDINGS[how]
    hold_id = hold_for(user_id)
    session.commit()
    with pytest.raises(HoldNotOpenError):
        work(session, hold_id, lambda: end(session, hold_id), session.commit, lambda: rename(session, user_id))
    session.rollback()
    assert is_renamed(session) is False
    assert get_balance(session, user_id).posted == posted
    assert find_hold_status(session, hold_id) == how


def test_a_database_that_fails_leaves_the_hold_to_the_next_try(session: Session, user_id: int) -> None:
    hold_id = hold_for(user_id)
    session.commit()
    locked = OperationalError("UPDATE", {}, sqlite3.OperationalError("database is locked"))
    with pytest.raises(OperationalError):
        work(session, hold_id, lambda: rename(session, user_id), lambda: fail(locked))
    session.rollback()
    assert (numbers(session, user_id), is_renamed(session)) == ((10, 3), False)
    with capture_when_done(session, hold_id):
        rename(session, user_id)
    assert (numbers(session, user_id), is_renamed(session)) == ((7, 0), True)

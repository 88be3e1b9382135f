"""An overdue hold binds nothing from the moment it expires, whether or not the clock's job has come: it only tidies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from payapp.ledger.balances import get_balance
from payapp.ledger.errors import InsufficientCreditsError, TooManyHoldsError
from payapp.ledger.hold_views import find_hold, list_open_holds
from payapp.ledger.holds import OPEN_HOLDS_MAX, capture_hold, expire_holds, place_hold, release_hold, spend
from payapp.ledger.models import Hold
from payapp.ledger.verification import verify
from tests.ledger import racing
from tests.ledger.books import numbers_of, open_account, take_back
from tests.ledger.racing import WORKERS, Racers

WRITERS: tuple[Callable[..., Any], ...] = (spend, place_hold)


def place(session: Session, user_id: int, amount: int, seconds: float = -1) -> int:
    return place_hold(session, user_id, amount, feature="test", expires_in_seconds=seconds).id


def count_open(session: Session, user_id: int) -> int:
    return session.scalar(select(func.count()).where(Hold.user_id == user_id, Hold.status == "open")) or 0


@contextmanager
def counting(session: Session) -> Iterator[list[str]]:
    """Yield the list of statements that are sent inside."""
    sent: list[str] = []

    def note(*call: Any) -> None:
        if not call[2].startswith("BEGIN"):
            sent.append(call[2])

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_it_counts_as_available(session: Session) -> None:
    noise, user_id = open_account(session, credits=10), open_account(session, credits=10)
    hold_id = place(session, user_id, 6)
    place(session, user_id, 1, seconds=60)
    place(session, noise, 5)
    balance = get_balance(session, user_id)
    assert (balance.posted, balance.held, balance.available) == (10, 1, 9)
    hold = find_hold(session, user_id, hold_id)
    assert hold is not None
    assert hold.status == "expired"
    assert len(list_open_holds(session, user_id)) == 1


@pytest.mark.parametrize("write", WRITERS)
def test_its_credits_can_be_used(session: Session, write: Callable[..., Any]) -> None:
    noise, user_id = open_account(session, credits=10), open_account(session, credits=10)
    overdue, theirs = place(session, user_id, 6), place(session, noise, 6)
    in_force = place(session, user_id, 3, seconds=60)
    write(session, user_id, 7, feature="test")
    session.commit()
    assert get_balance(session, user_id).available == 0
    assert [session.get_one(Hold, each).status for each in (overdue, in_force, theirs)] == ["expired", "open", "open"]
    assert verify(session) == []


@pytest.mark.parametrize("write", WRITERS)
def test_no_more_than_its_credits_can_be_used(session: Session, write: Callable[..., Any]) -> None:
    user_id = open_account(session, credits=10)
    place(session, user_id, 6)
    place(session, user_id, 3, seconds=60)
    with pytest.raises(InsufficientCreditsError) as caught:
        write(session, user_id, 8, feature="test")
    session.commit()
    assert (caught.value.required, caught.value.available) == (8, 7)
    assert verify(session) == []


@pytest.mark.parametrize("write", WRITERS)
def test_a_debt_is_not_paid_with_them(session: Session, write: Callable[..., Any]) -> None:
    user_id = open_account(session, credits=12)
    spend(session, user_id, 2, feature="test")
    place(session, user_id, 10)
    take_back(session, user_id, 12)
    with pytest.raises(InsufficientCreditsError) as caught:
        write(session, user_id, 1, feature="test")
    assert caught.value.available == -2


def test_a_hundred_of_them_are_not_too_many(session: Session) -> None:
    user_id = open_account(session, credits=1000)
    for _ in range(OPEN_HOLDS_MAX):
        place(session, user_id, 1)
    assert place_hold(session, user_id, 1, feature="test").status == "open"
    session.commit()
    assert (numbers_of(session, user_id), count_open(session, user_id)) == ((1000, 1), 1)
    for _ in range(OPEN_HOLDS_MAX - 1):
        place(session, user_id, 1, seconds=60)
    with pytest.raises(TooManyHoldsError):
        place(session, user_id, 1)
    assert verify(session) == []


def test_who_needs_it_ends_it_in_the_same_transaction(session: Session) -> None:
    user_id = open_account(session, credits=10)
    hold_id = place(session, user_id, 6)
    session.commit()
    spend(session, user_id, 7, feature="test")
    session.rollback()
    assert (session.get_one(Hold, hold_id).status, numbers_of(session, user_id)) == ("open", (10, 0))


def test_a_key_finds_its_overdue_hold(session: Session) -> None:
    user_id = open_account(session, credits=10)
    terms: dict[str, Any] = {"feature": "test", "idempotency_key": "k", "expires_in_seconds": -1}
    hold = place_hold(session, user_id, 10, **terms)
    again = place_hold(session, user_id, 10, **terms)
    assert (again.id, again.status) == (hold.id, "expired")


def test_the_ordinary_case_sends_no_statement_more(session: Session) -> None:
    user_id = open_account(session, credits=10)
    with counting(session) as sent:
        hold_id = place(session, user_id, 1, seconds=60)
        assert len(sent) == 2  # set aside, insert
        capture_hold(session, hold_id)
        assert len(sent) == 5  # the hold, the account, the entry
        spend(session, user_id, 1, feature="test")
        assert len(sent) == 8  # the hold, the account, the entry
        release_hold(session, place(session, user_id, 1, seconds=60))
        assert len(sent) == 12
        get_balance(session, user_id)
        assert len(sent) == 13
        with pytest.raises(InsufficientCreditsError):
            spend(session, user_id, 100, feature="test")
        assert len(sent) == 15  # none of it for overdue holds that would not help


@pytest.mark.parametrize("engine_name", ["postgresql"])  # SQLite has one writer at a time
@pytest.mark.parametrize("write", WRITERS)
def test_what_is_being_captured_at_that_moment_stays_bound(
    session: Session, raw: Any, write: Callable[..., Any]
) -> None:
    """Staged: the capture was in time, and has its hold but not yet the account. Nobody waits for it for ever."""
    user_id = open_account(session, credits=10)
    hold_id = place(session, user_id, 6)
    session.commit()
    raw.execute("UPDATE holds SET status = 'captured', captured_amount = 6 WHERE id = %s", (hold_id,))
    session.execute(text("SET LOCAL lock_timeout = '2s'"))
    with pytest.raises(InsufficientCreditsError):
        write(session, user_id, 7, feature="test")
    write(session, user_id, 4, feature="test")
    session.commit()
    raw.rollback()


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_spend_that_has_the_account_does_not_wait_for_a_release(session: Session, raw: Any) -> None:
    """Staged: this transaction has changed the account already, and another is ending the overdue hold."""
    user_id = open_account(session, credits=10)
    releasing, free = place(session, user_id, 3), place(session, user_id, 4)
    session.commit()
    session.execute(text("SET LOCAL lock_timeout = '2s'"))
    spend(session, user_id, 3, feature="test")
    raw.execute("UPDATE holds SET status = 'expired' WHERE id = %s", (releasing,))
    spend(session, user_id, 4, feature="test")
    session.commit()
    assert session.get_one(Hold, free).status == "expired"


@pytest.mark.parametrize("spenders", [WORKERS, WORKERS - 2])
def test_its_credits_are_used_once_in_a_race(
    session: Session, database_url: str, racers: Racers, spenders: int
) -> None:
    """The other workers do what the clock's job does."""
    user_id = open_account(session, credits=60)
    for _ in range(60):
        place(session, user_id, 1)
    session.commit()
    spending = partial(racing.spend_often, user_id=user_id, amount=2, times=20)
    tidying = partial(racing.expire_in_batches, limit=7)
    wins = racers.race(database_url, [spending] * spenders + [tidying] * (WORKERS - spenders))
    assert sum(wins[:spenders]) == 30
    expire_holds(session)
    session.commit()
    assert numbers_of(session, user_id) == (0, 0)
    assert verify(session) == []

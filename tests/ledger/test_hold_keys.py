"""Holds and spends with an idempotency key, and the limit of open holds: alone and in races of processes."""

from collections import Counter
from functools import partial

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from payapp.ledger.balances import get_balance
from payapp.ledger.errors import IdempotencyConflictError, InsufficientCreditsError, TooManyHoldsError
from payapp.ledger.holds import OPEN_HOLDS_MAX, capture_hold, place_hold, release_hold, spend
from payapp.ledger.models import Hold, LedgerEntry
from payapp.ledger.verification import verify
from tests.ledger.books import numbers_of, open_account
from tests.ledger.racing import WORKERS, Racers


def place(session: Session, user_id: int, amount: int = 5, *, feature: str = "test", key: str | None = "k") -> int:
    return place_hold(session, user_id, amount, feature=feature, idempotency_key=key).id


def committed(session: Session, user_id: int) -> tuple[int, int]:
    session.commit()
    return numbers_of(session, user_id)


def test_a_key_places_one_hold(session: Session) -> None:
    user_id = open_account(session, credits=10)
    first = place_hold(session, user_id, 5, feature="test", note="n", idempotency_key="k")
    again = place_hold(session, user_id, 5, feature="test", idempotency_key="k")
    assert again == first
    assert committed(session, user_id) == (10, 5)
    assert verify(session) == []


def test_holds_without_a_key_are_many(session: Session) -> None:
    user_id = open_account(session, credits=10)
    assert place(session, user_id, key=None) != place(session, user_id, key=None)


def test_a_hold_that_has_ended_stands_for_its_key(session: Session) -> None:
    user_id = open_account(session, credits=5)
    hold_id = place(session, user_id)
    assert place(session, user_id) == hold_id  # nothing is available for a second one
    release_hold(session, hold_id)
    again = place_hold(session, user_id, 5, feature="test", idempotency_key="k")
    assert (again.id, again.status) == (hold_id, "released")
    assert committed(session, user_id) == (5, 0)


def test_a_key_spends_once(session: Session) -> None:
    user_id = open_account(session, credits=10)
    first = spend(session, user_id, 5, feature="test", note="n", idempotency_key="k")
    again = spend(session, user_id, 5, feature="test", note="n", idempotency_key="k")
    assert (first.is_new, again.is_new, again.id, again.balance_after) == (True, False, first.id, 5)
    assert (again.note, again.created_at) == (first.note, first.created_at)
    spend(session, user_id, 5, feature="test", idempotency_key="other")
    assert spend(session, user_id, 5, feature="test", idempotency_key="k").id == first.id
    assert committed(session, user_id) == (0, 0)
    assert verify(session) == []


def test_a_key_of_something_else_is_refused(session: Session) -> None:
    user_id, other = (open_account(session, credits=10) for _ in range(2))
    place(session, user_id)
    for conflict in (
        partial(place, session, other),
        partial(place, session, user_id, 4),
        partial(place, session, user_id, feature="other"),
        partial(spend, session, user_id, 5, feature="test", idempotency_key="k"),  # open: it was no spend
        partial(spend, session, user_id, 50, feature="test", idempotency_key="k"),
    ):
        with pytest.raises(IdempotencyConflictError):
            conflict()
    assert (committed(session, user_id), committed(session, other)) == ((10, 5), (10, 0))


def test_a_refused_hold_leaves_its_key_free(session: Session) -> None:
    user_id = open_account(session, credits=10)
    with pytest.raises(InsufficientCreditsError):
        place(session, user_id, 11)
    assert place(session, user_id, 10)


def test_an_account_has_so_many_open_holds_at_most(session: Session) -> None:
    user_id, other = (open_account(session, credits=1000) for _ in range(2))
    holds = [place(session, user_id, 1, key=f"{n}") for n in range(OPEN_HOLDS_MAX)]
    with pytest.raises(TooManyHoldsError):
        place(session, user_id, 1, key="one too many")
    assert get_balance(session, user_id).held == OPEN_HOLDS_MAX
    assert place(session, user_id, 1, key="0") == holds[0]
    assert spend(session, user_id, 1, feature="test").amount == -1
    assert place(session, other, key="theirs")
    capture_hold(session, holds[0])
    assert place(session, user_id, 1, key="room again")
    assert verify(session) == []


# ---- races


def place_until_refused(engine: Engine, user_id: int, times: int) -> int:
    placed = 0
    for _ in range(times):
        with Session(engine) as session:
            try:
                place_hold(session, user_id, 1, feature="race")
                session.commit()
                placed += 1
            except TooManyHoldsError:
                session.rollback()
    return placed


def spend_each(engine: Engine, user_id: int, times: int) -> Counter[bool]:
    """Spend once for each key; return how many were new, and how many stood."""
    outcomes: Counter[bool] = Counter()
    for n in range(times):
        with Session(engine) as session:
            outcomes[spend(session, user_id, 1, feature="race", idempotency_key=f"race:{n}").is_new] += 1
            session.commit()
    return outcomes


def test_the_limit_holds_in_a_race(session: Session, database_url: str, racers: Racers) -> None:
    user_id = open_account(session, credits=1000)
    placed = racers.race(database_url, [partial(place_until_refused, user_id=user_id, times=40)] * WORKERS)
    assert sum(placed) == OPEN_HOLDS_MAX
    assert session.scalar(select(func.count()).where(Hold.status == "open")) == OPEN_HOLDS_MAX
    assert committed(session, user_id) == (1000, OPEN_HOLDS_MAX)
    assert verify(session) == []


def test_a_key_spends_once_in_a_race(session: Session, database_url: str, racers: Racers) -> None:
    """With just enough credits: whoever comes second finds none left, and still the entry that stands."""
    user_id = open_account(session, credits=30)
    outcomes: Counter[bool] = sum(
        racers.race(database_url, [partial(spend_each, user_id=user_id, times=30)] * WORKERS), start=Counter()
    )
    assert outcomes == {True: 30, False: 30 * (WORKERS - 1)}
    assert session.scalar(select(func.count()).where(LedgerEntry.entry_type == "capture")) == 30
    assert committed(session, user_id) == (0, 0)
    assert verify(session) == []

"""adjust()"""

from functools import partial

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from payapp.ledger.adjustments import adjust
from payapp.ledger.errors import (
    IdempotencyConflictError,
    InsufficientCreditsError,
    InvalidAmountError,
    UnknownAccountError,
)
from payapp.ledger.holds import place_hold
from payapp.ledger.models import LedgerEntry
from payapp.ledger.verification import verify
from tests.ledger.books import numbers_of, open_account, take_back
from tests.ledger.racing import WORKERS, Racers


def test_it_gives_and_takes(session: Session) -> None:
    user_id = open_account(session, 100)
    given = adjust(session, user_id, 20, idempotency_key="adjustment:1", note="a gift")
    taken = adjust(session, user_id, -50, idempotency_key="adjustment:2", note="a mistake")
    session.commit()
    assert (given.balance_after, given.note, taken.balance_after, taken.amount) == (120, "a gift", 70, -50)
    assert numbers_of(session, user_id) == (70, 0)
    assert verify(session) == []


@pytest.mark.parametrize("amount", [30, -30])
def test_one_key_is_one_adjustment(session: Session, amount: int) -> None:
    user_id = open_account(session, 40)
    first, again = (adjust(session, user_id, amount, idempotency_key="adjustment:1", note="x") for _ in range(2))
    assert (first.is_new, again.is_new, again.id) == (True, False, first.id)
    with pytest.raises(IdempotencyConflictError):
        adjust(session, user_id, amount - 1, idempotency_key="adjustment:1", note="x")
    session.commit()
    assert numbers_of(session, user_id) == (40 + amount, 0)
    assert verify(session) == []


def test_it_takes_no_more_than_is_available(session: Session) -> None:
    user_id = open_account(session, 100)
    place_hold(session, user_id, 60, feature="test")
    session.commit()
    with pytest.raises(InsufficientCreditsError) as refusal:
        adjust(session, user_id, -41, idempotency_key="adjustment:1", note="x")
    assert (refusal.value.required, refusal.value.available) == (41, 40)
    adjust(session, user_id, -40, idempotency_key="adjustment:1", note="x")
    session.commit()
    assert numbers_of(session, user_id) == (60, 60)
    assert verify(session) == []


def test_what_an_overdue_hold_held_is_available(session: Session) -> None:
    user_id = open_account(session, 100)
    place_hold(session, user_id, 60, feature="test", expires_in_seconds=-1)
    session.commit()
    assert adjust(session, user_id, -100, idempotency_key="adjustment:1", note="x").balance_after == 0
    session.commit()
    assert verify(session) == []


def test_a_debt_can_be_forgiven_and_not_made(session: Session) -> None:
    user_id = open_account(session, 100)
    adjust(session, user_id, -80, idempotency_key="adjustment:1", note="x")
    take_back(session, user_id, 100)
    with pytest.raises(InsufficientCreditsError):
        adjust(session, user_id, -1, idempotency_key="adjustment:2", note="x")
    assert adjust(session, user_id, 80, idempotency_key="adjustment:3", note="x").balance_after == 0


@pytest.mark.parametrize("amount", [0, True, 1.5, "5", 1_000_000_001, -1_000_000_001])
def test_odd_amounts_are_refused(session: Session, amount: int) -> None:
    user_id = open_account(session, 10)
    with pytest.raises(InvalidAmountError):
        adjust(session, user_id, amount, idempotency_key="adjustment:1", note="x")


@pytest.mark.parametrize("amount", [5, -5])
def test_it_needs_an_account(session: Session, amount: int) -> None:
    with pytest.raises(UnknownAccountError):
        adjust(session, 404, amount, idempotency_key="adjustment:1", note="x")


def adjust_each(engine: Engine, user_id: int, amount: int, keys: list[str]) -> int:
    """Adjust once for each key; return how many were new."""
    made = 0
    for key in keys:
        with Session(engine) as session:
            try:
                made += adjust(session, user_id, amount, idempotency_key=key, note="race").is_new
                session.commit()
            except InsufficientCreditsError:
                session.rollback()
    return made


@pytest.mark.parametrize("amount", [7, -7])
def test_of_many_at_once_with_one_key_one_is_made(
    session: Session, database_url: str, racers: Racers, amount: int
) -> None:
    user_id = open_account(session, 1000)
    keys = [f"adjustment:{n}" for n in range(20)]
    made = racers.race(database_url, [partial(adjust_each, user_id=user_id, amount=amount, keys=keys)] * WORKERS)
    assert sum(made) == 20
    assert numbers_of(session, user_id) == (1000 + 20 * amount, 0)
    assert verify(session) == []


def test_many_at_once_take_no_more_than_is_there(session: Session, database_url: str, racers: Racers) -> None:
    user_id = open_account(session, 100)
    jobs = [
        partial(adjust_each, user_id=user_id, amount=-7, keys=[f"adjustment:{job}:{n}" for n in range(10)])
        for job in range(WORKERS)
    ]
    assert sum(racers.race(database_url, jobs)) == 100 // 7
    assert numbers_of(session, user_id) == (100 % 7, 0)
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 1 + 100 // 7
    assert verify(session) == []

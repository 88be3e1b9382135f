"""grant() and the entries it writes. The laws they keep: test_laws.py."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.database.clock import utc_now
from payapp.ledger.errors import IdempotencyConflictError, InvalidAmountError, UnknownAccountError
from payapp.ledger.models import LedgerEntry
from payapp.ledger.posting import MAX_AMOUNT, PostedEntry, claw_back, grant, post_entry, reinstate, require_amount
from payapp.ledger.verification import verify
from tests.ledger.books import grant_of, numbers_of, open_account

NO_AMOUNTS: list[Any] = [True, False, 1.0, 0.5, float("nan"), float("inf"), "1", "", None, Decimal(1), 0, -1, 10**9 + 1]


def test_it_works(session: Session) -> None:
    noise, user_id = open_account(session, credits=7), open_account(session)
    entry = grant(session, user_id, 500, idempotency_key="purchase:1")
    session.commit()
    assert (entry.amount, entry.balance_after, entry.is_new) == (500, 500, True)
    assert numbers_of(session, user_id) == (500, 0)
    assert numbers_of(session, noise) == (7, 0)


def test_it_writes_what_it_was_told(session: Session) -> None:
    user_id, before = open_account(session), utc_now()
    grant(session, user_id, 5, idempotency_key="gift:1", category="promotional", note="Welcome ✨")
    entry = session.scalars(select(LedgerEntry)).one()
    assert (entry.user_id, entry.entry_type, entry.amount) == (user_id, "grant", 5)
    assert (entry.category, entry.note, entry.idempotency_key) == ("promotional", "Welcome ✨", "gift:1")
    assert before <= entry.created_at <= utc_now()


def test_it_records_the_balance_after_each_entry(session: Session) -> None:
    user_id = open_account(session, credits=100)
    balances = [grant(session, user_id, n, idempotency_key=f"purchase:{n}").balance_after for n in (1, 20, 300)]
    assert balances == [101, 121, 421]


def test_it_grants_once_for_a_key(session: Session) -> None:
    user_id = open_account(session)
    first = grant(session, user_id, 500, idempotency_key="purchase:1")
    session.commit()
    grant(session, user_id, 1, idempotency_key="purchase:2")
    again = grant(session, user_id, 500, idempotency_key="purchase:1")
    session.commit()
    assert (again.id, again.balance_after, again.is_new) == (first.id, 500, False)
    assert numbers_of(session, user_id) == (501, 0)


def test_it_leaves_the_commit_to_the_caller(session: Session) -> None:
    user_id = open_account(session, credits=3)
    grant(session, user_id, 500, idempotency_key="purchase:1")
    session.rollback()
    assert numbers_of(session, user_id) == (3, 0)
    assert grant(session, user_id, 500, idempotency_key="purchase:1").is_new


def test_it_accepts_the_largest_amount(session: Session) -> None:
    user_id = open_account(session)
    for n in range(3):
        grant(session, user_id, MAX_AMOUNT, idempotency_key=f"purchase:{n}")
    session.commit()
    assert numbers_of(session, user_id) == (3_000_000_000, 0)


@pytest.mark.parametrize("amount", NO_AMOUNTS, ids=repr)
def test_it_rejects_what_is_no_amount(amount: Any) -> None:
    with pytest.raises(InvalidAmountError) as caught:
        require_amount(amount)
    assert caught.value.amount is amount


def test_it_changes_nothing_for_what_is_no_amount(session: Session) -> None:
    user_id = open_account(session, credits=3)
    for amount in NO_AMOUNTS:
        with pytest.raises(InvalidAmountError):
            grant(session, user_id, amount, idempotency_key="purchase:1")
    session.commit()
    assert numbers_of(session, user_id) == (3, 0)


@pytest.mark.parametrize("correct", [claw_back, reinstate])
def test_a_correction_rejects_what_is_no_amount(session: Session, correct: Callable[..., PostedEntry]) -> None:
    """By itself: a negative one would be the opposite, and what PostgreSQL rounds would be another amount."""
    user_id = open_account(session, credits=100)
    standing = grant_of(session, user_id)
    claw_back(session, standing, 50, idempotency_key="refund:re_1")
    session.commit()
    for amount in NO_AMOUNTS:
        with pytest.raises(InvalidAmountError) as caught:
            correct(session, standing, amount, idempotency_key="refund:re_2")
        assert caught.value.amount is amount
        assert not session.in_transaction(), "the book was asked"
    assert numbers_of(session, user_id) == (50, 0)


def test_it_rejects_an_unknown_account(session: Session) -> None:
    noise = open_account(session, credits=3)
    with pytest.raises(UnknownAccountError) as caught:
        grant(session, noise + 1, 5, idempotency_key="purchase:1")
    assert caught.value.user_id == noise + 1


def test_it_rejects_a_key_of_something_else_and_changes_nothing(session: Session) -> None:
    user_id, other_id = open_account(session), open_account(session)
    grant(session, user_id, 500, idempotency_key="purchase:1")
    session.commit()
    for account, amount in ((user_id, 499), (other_id, 500)):
        with pytest.raises(IdempotencyConflictError) as caught:
            grant(session, account, amount, idempotency_key="purchase:1")
        assert caught.value.idempotency_key == "purchase:1"
    with pytest.raises(IdempotencyConflictError):
        post_entry(session, user_id=user_id, amount=500, entry_type="adjustment", idempotency_key="purchase:1")
    session.commit()  # even a caller that goes on and commits
    assert (numbers_of(session, user_id), numbers_of(session, other_id)) == ((500, 0), (0, 0))
    assert verify(session) == []

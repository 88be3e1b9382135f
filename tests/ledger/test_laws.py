"""The laws of the ledger, one test each, named as in README.md. Their races: test_races.py."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from payapp.database.clock import utc_now
from payapp.ledger import verification
from payapp.ledger.errors import (
    HoldNotOpenError,
    IdempotencyConflictError,
    InsufficientCreditsError,
    InvalidAmountError,
)
from payapp.ledger.guards import POSTGRESQL_GUARDS, SQLITE_GUARDS
from payapp.ledger.holds import capture_hold, expire_holds, place_hold, release_hold, spend
from payapp.ledger.models import Hold, LedgerEntry
from payapp.ledger.posting import claw_back, grant, reinstate
from payapp.ledger.verification import verify
from tests.ledger.books import grant_of, numbers_of, open_account, take_back
from tests.ledger.faults import SPENT, account, entry, write_book


def test_law_1_credits_are_whole_numbers(session: Session) -> None:
    user_id = open_account(session, credits=10)
    half: Any = 0.5
    with pytest.raises(InvalidAmountError):
        grant(session, user_id, half, idempotency_key="purchase:1")
    with pytest.raises(InvalidAmountError):
        spend(session, user_id, half, feature="test")
    assert isinstance(grant(session, user_id, 1, idempotency_key="purchase:1").balance_after, int)


@pytest.mark.parametrize("change", ["UPDATE ledger_entries SET amount = 1", "DELETE FROM ledger_entries"])
def test_law_2_entries_are_only_ever_inserted(session: Session, change: str) -> None:
    open_account(session, credits=10)
    with pytest.raises(IntegrityError, match="only ever inserted"):
        session.execute(text(change))


def test_law_3_entries_add_up_to_the_account(session: Session) -> None:
    user_id = write_book(session)
    grant(session, user_id, 7, idempotency_key="purchase:3")
    take_back(session, user_id, 5)
    session.commit()
    entries = session.scalars(select(LedgerEntry).where(LedgerEntry.user_id == user_id).order_by(LedgerEntry.id)).all()
    open_holds = session.scalars(select(Hold.amount).where(Hold.user_id == user_id, Hold.status == "open")).all()
    assert all(later.balance_after == earlier.balance_after + later.amount for earlier, later in pairwise(entries))
    assert numbers_of(session, user_id) == (sum(each.amount for each in entries), sum(open_holds)) == (72, 20)


def test_law_4_spending_and_holding_stop_at_zero(session: Session) -> None:
    user_id = open_account(session, credits=10)
    place_hold(session, user_id, 4, feature="test")
    for function in (spend, place_hold):
        with pytest.raises(InsufficientCreditsError):
            function(session, user_id, 7, feature="test")
    spend(session, user_id, 6, feature="test")
    with pytest.raises(InsufficientCreditsError):
        spend(session, user_id, 1, feature="test")
    with pytest.raises(IntegrityError, match="fewer credits"):
        session.execute(text("UPDATE users SET credits_held = 5"))


def test_law_4_is_kept_by_the_database_for_spends_too(session: Session) -> None:
    """A hold that begins ended never passed the guard of `credits_held`."""
    user_id = open_account(session, credits=10)
    place_hold(session, user_id, 4, feature="test")
    now = utc_now()
    hold = {"user_id": user_id, "status": "captured", "feature": "test", "expires_at": now, "created_at": now}
    session.execute(insert(Hold).values(**hold, amount=6, captured_amount=6))
    with pytest.raises(IntegrityError, match="fewer credits"):
        session.execute(insert(Hold).values(**hold, amount=7, captured_amount=7))


def test_law_5_an_idempotency_key_exists_once_for_ever(session: Session) -> None:
    user_id = open_account(session)
    grant(session, user_id, 10, idempotency_key="purchase:1")
    take_back(session, user_id, 10)
    session.commit()
    assert not grant(session, user_id, 10, idempotency_key="purchase:1").is_new
    with pytest.raises(IdempotencyConflictError):
        grant(session, user_id, 10, idempotency_key="refund:re_1")
    session.commit()
    assert numbers_of(session, user_id) == (0, 0)


@pytest.mark.parametrize("seconds", [60, -1])
def test_law_6_a_hold_ends_once(session: Session, seconds: float) -> None:
    user_id = open_account(session, credits=10)
    hold_id = place_hold(session, user_id, 4, feature="test", expires_in_seconds=seconds).id
    endings = 0
    for end in (capture_hold, release_hold, capture_hold, release_hold):
        endings += expire_holds(session)
        try:
            end(session, hold_id)
            endings += 1
        except HoldNotOpenError:
            pass
    session.commit()
    assert endings == 1
    assert numbers_of(session, user_id) == (6 if seconds > 0 else 10, 0)


def test_law_7_a_correction_is_a_new_entry_that_names_what_it_corrects(session: Session) -> None:
    write_book(session)
    session.execute(text(account("credits = 100")))
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(entry(30, 100, "reversal", "reversal:0")))  # names nothing
    session.execute(text(entry(30, 100, "reversal", "reversal:1", reverses=SPENT)))
    assert verify(session) == []
    session.execute(text(account("credits = 130")))
    with pytest.raises(IntegrityError):  # once only
        session.execute(text(entry(30, 130, "reversal", "reversal:2", reverses=SPENT).replace("(100,", "(101,")))


def test_law_7_no_more_is_taken_back_than_was_granted(session: Session) -> None:
    user_id = open_account(session, credits=100)
    standing = grant_of(session, user_id)
    claw_back(session, standing, 60, idempotency_key="refund:re_1")
    reinstate(session, standing, 10, idempotency_key="refund:re_1:failed")
    for correct, amount in ((claw_back, 51), (reinstate, 51)):
        with pytest.raises(IntegrityError, match="no more is taken back"), session.begin_nested():
            correct(session, standing, amount, idempotency_key="refund:re_2")
    claw_back(session, standing, 50, idempotency_key="refund:re_2")
    assert grant_of(session, user_id).taken_back == 100
    assert verify(session) == []


def test_the_readme_names_every_law_and_guard() -> None:
    readme = (Path(verification.__file__).parent / "README.md").read_text()
    assert [law for law in verification.LAWS if law not in readme] == []
    for name, sql in (SQLITE_GUARDS | POSTGRESQL_GUARDS).items():
        if "CREATE TRIGGER" in sql:
            assert f"`{name}`" in readme

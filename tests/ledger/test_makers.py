"""A hold is its maker's alone, and so is an idempotency key: every maker against every other."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from payapp.ledger.errors import HoldBelongsToAnotherError, HoldNotOpenError, IdempotencyConflictError
from payapp.ledger.holds import capture_hold, expire_holds, find_hold_status, place_hold, release_hold, spend
from payapp.ledger.makers import ANY_PROGRAM, APP, USER, service
from payapp.ledger.models import Hold
from payapp.ledger.verification import verify
from tests.ledger.books import numbers_of, open_account

MAKERS = (APP, USER, service("a"), service("b"))
ENDS: tuple[Callable[..., Any], ...] = (capture_hold, release_hold)


def place(session: Session, user_id: int, maker: str, *, seconds: float = 60, key: str | None = None) -> int:
    hold = place_hold(session, user_id, 4, feature="test", maker=maker, expires_in_seconds=seconds, idempotency_key=key)
    session.commit()
    return hold.id


@pytest.mark.parametrize("end", ENDS)
def test_nobody_but_its_maker_ends_a_hold(session: Session, end: Callable[..., Any]) -> None:
    user_id = open_account(session, credits=100)
    for maker in MAKERS:
        hold_id = place(session, user_id, maker)
        before = numbers_of(session, user_id)
        for other in MAKERS:
            if other != maker:
                with pytest.raises(HoldBelongsToAnotherError) as caught:
                    end(session, hold_id, maker=other)
                session.commit()
                assert (caught.value.hold_id, caught.value.maker) == (hold_id, maker)
                assert (numbers_of(session, user_id), find_hold_status(session, hold_id)) == (before, "open")
        end(session, hold_id, maker=maker)
        session.commit()
        assert find_hold_status(session, hold_id) in ("captured", "released")
    assert verify(session) == []


def test_a_part_of_it_is_nobody_elses_either(session: Session) -> None:
    user_id = open_account(session, credits=100)
    hold_id = place(session, user_id, APP)
    for amount in (1, 4, 5):
        with pytest.raises(HoldBelongsToAnotherError):
            capture_hold(session, hold_id, amount, maker=USER, owner_id=user_id)
    assert capture_hold(session, hold_id).amount == -4


def test_whose_it_is_is_told_however_it_has_ended(session: Session) -> None:
    user_id = open_account(session, credits=100)
    captured, released, overdue = (place(session, user_id, APP, seconds=each) for each in (60, 60, -1))
    capture_hold(session, captured)
    release_hold(session, released)
    for hold_id in (captured, released, overdue):
        for end in ENDS:
            with pytest.raises(HoldBelongsToAnotherError):
                end(session, hold_id, maker=USER)
    session.commit()
    assert session.get_one(Hold, overdue).status == "open"  # not even that is done by somebody else


def test_a_hold_of_another_account_is_none(session: Session) -> None:
    user_id, other_id = open_account(session, credits=100), open_account(session)
    hold_id = place(session, user_id, USER)
    for maker in MAKERS:
        with pytest.raises(HoldNotOpenError) as caught:
            capture_hold(session, hold_id, maker=maker, owner_id=other_id)
        assert caught.value.status is None


def test_the_clock_ends_whosever_it_is_and_only_what_is_overdue(session: Session) -> None:
    user_id = open_account(session, credits=100)
    overdue = [place(session, user_id, maker, seconds=-1) for maker in MAKERS]
    current = [place(session, user_id, maker) for maker in MAKERS]
    assert expire_holds(session) == len(MAKERS)
    session.commit()
    assert {find_hold_status(session, each) for each in overdue} == {"expired"}
    assert {find_hold_status(session, each) for each in current} == {"open"}


def test_each_maker_has_its_own_keys(session: Session) -> None:
    user_id = open_account(session, credits=100)
    holds = [place(session, user_id, maker, key="order-7") for maker in MAKERS]
    entries = [spend(session, user_id, 1, feature="test", maker=each, idempotency_key="order-8") for each in MAKERS]
    assert len(set(holds)) == len({entry.id for entry in entries}) == len(MAKERS)
    assert [place(session, user_id, maker, key="order-7") for maker in MAKERS] == holds
    for maker, entry in zip(MAKERS, entries, strict=True):
        again = spend(session, user_id, 1, feature="test", maker=maker, idempotency_key="order-8")
        assert (again.id, again.is_new) == (entry.id, False)
    session.commit()
    assert numbers_of(session, user_id) == (100 - len(MAKERS), 4 * len(MAKERS))
    assert verify(session) == []


def test_a_key_is_of_one_use_of_its_maker(session: Session) -> None:
    user_id = open_account(session, credits=100)
    place(session, user_id, USER, key="order-7")
    with pytest.raises(IdempotencyConflictError):
        spend(session, user_id, 5, feature="test", maker=USER, idempotency_key="order-7")
    assert spend(session, user_id, 5, feature="test", maker=service("a"), idempotency_key="order-7").is_new


@pytest.mark.parametrize("end", ENDS)
def test_a_hold_of_an_unknown_program_is_ended_by_any(session: Session, end: Callable[..., Any]) -> None:
    """Made before makers were written down."""
    user_id = open_account(session, credits=100)
    for maker in (USER, service("a"), service("b")):
        hold_id = place(session, user_id, ANY_PROGRAM)
        end(session, hold_id, maker=maker)
        assert find_hold_status(session, hold_id) in ("captured", "released")


def test_a_key_of_an_unknown_program_is_used_up_for_all(session: Session) -> None:
    user_id = open_account(session, credits=100)
    hold_id = place(session, user_id, ANY_PROGRAM, key="api:1:order-7")
    old = spend(session, user_id, 5, feature="test", maker=ANY_PROGRAM, idempotency_key="api:1:order-8")
    for maker in (USER, service("a"), service("b")):
        assert place(session, user_id, maker, key="api:1:order-7") == hold_id
        again = spend(session, user_id, 5, feature="test", maker=maker, idempotency_key="api:1:order-8")
        assert (again.id, again.is_new) == (old.id, False)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Hold)) == 2
    assert numbers_of(session, user_id) == (95, 4)


@pytest.mark.parametrize("maker", ["NULL", "''", "'nobody'", "'service'"])
def test_the_database_wants_a_maker(session: Session, maker: str) -> None:
    place(session, open_account(session, credits=100), APP)
    with pytest.raises(IntegrityError):
        session.execute(text(f"UPDATE holds SET maker = {maker}"))

"""place_hold(), capture_hold(), release_hold(), expire_holds(), spend(). Their races: test_races.py."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.database.clock import utc_now
from payapp.ledger.balances import get_balance, list_entries
from payapp.ledger.errors import (
    CaptureTooLargeError,
    HoldNotOpenError,
    InsufficientCreditsError,
    InvalidAmountError,
    UnknownAccountError,
)
from payapp.ledger.holds import (
    HOLD_SECONDS,
    capture_hold,
    expire_holds,
    find_hold_status,
    place_hold,
    release_hold,
    spend,
)
from payapp.ledger.models import Hold
from tests.ledger.books import numbers_of, open_account, take_back


def place(session: Session, user_id: int, amount: int, seconds: float = 60) -> int:
    hold = place_hold(session, user_id, amount, feature="test", expires_in_seconds=seconds)
    session.commit()
    return hold.id


def test_place_sets_credits_aside(session: Session) -> None:
    noise, user_id = open_account(session, credits=10), open_account(session, credits=10)
    placed = place_hold(session, user_id, 4, feature="qr-code", note="a link")
    session.commit()
    assert (numbers_of(session, user_id), numbers_of(session, noise)) == ((10, 4), (10, 0))
    assert get_balance(session, user_id).available == 6
    hold = session.scalars(select(Hold)).one()
    assert (hold.id, hold.amount, hold.expires_at) == (placed.id, placed.amount, placed.expires_at)
    assert (hold.user_id, hold.amount, hold.feature, hold.note) == (user_id, 4, "qr-code", "a link")
    assert (hold.status, hold.captured_amount, hold.ended_at) == ("open", None, None)


def test_place_lasts_a_quarter_of_an_hour_unless_told_otherwise(session: Session) -> None:
    user_id = open_account(session, credits=10)
    for seconds, options in ((HOLD_SECONDS, {}), (2.5, {"expires_in_seconds": 2.5}), (0, {"expires_in_seconds": 1e-7})):
        placed = place_hold(session, user_id, 1, feature="test", **options)  # type: ignore[arg-type]
        assert abs(placed.expires_at - utc_now() - timedelta(seconds=seconds)) < timedelta(seconds=5)


def test_place_may_take_all_that_is_available_and_no_more(session: Session) -> None:
    user_id = open_account(session, credits=10)
    place(session, user_id, 4)
    with pytest.raises(InsufficientCreditsError) as caught:
        place_hold(session, user_id, 7, feature="test")
    assert (caught.value.user_id, caught.value.required, caught.value.available) == (user_id, 7, 6)
    place(session, user_id, 6)
    assert numbers_of(session, user_id) == (10, 10)


def test_place_is_refused_in_debt(session: Session) -> None:
    user_id = open_account(session, credits=15)
    spend(session, user_id, 5, feature="test")
    take_back(session, user_id, 15)
    with pytest.raises(InsufficientCreditsError) as caught:
        place_hold(session, user_id, 1, feature="test")
    assert caught.value.available == -5


@pytest.mark.parametrize("amount", [True, 1.0, "1", 0, -1, 10**9 + 1, None], ids=repr)
def test_place_and_spend_reject_what_is_no_amount(session: Session, amount: Any) -> None:
    user_id = open_account(session, credits=10)
    for function in (place_hold, spend):
        with pytest.raises(InvalidAmountError):
            function(session, user_id, amount, feature="test")
    assert numbers_of(session, user_id) == (10, 0)


def test_place_and_spend_reject_an_unknown_account(session: Session) -> None:
    for function in (place_hold, spend):
        with pytest.raises(UnknownAccountError):
            function(session, 404, 1, feature="test")


def test_capture_takes_all_of_it(session: Session) -> None:
    user_id = open_account(session, credits=10)
    hold_id = place(session, user_id, 4)
    entry = capture_hold(session, hold_id)
    session.commit()
    assert (entry.amount, entry.balance_after, entry.is_new) == (-4, 6, True)
    assert numbers_of(session, user_id) == (6, 0)
    hold = session.get_one(Hold, hold_id)
    assert (hold.status, hold.captured_amount) == ("captured", 4)
    assert hold.ended_at is not None


def test_capture_of_a_part_frees_the_rest(session: Session) -> None:
    user_id = open_account(session, credits=10)
    hold_id = place(session, user_id, 4)
    assert capture_hold(session, hold_id, 1).amount == -1
    session.commit()
    assert numbers_of(session, user_id) == (9, 0)


def test_capture_names_its_hold_and_what_it_was_for(session: Session) -> None:
    user_id = open_account(session, credits=10)
    with_note = place_hold(session, user_id, 1, feature="qr-code", note="a link")
    capture_hold(session, with_note.id)
    capture_hold(session, place(session, user_id, 1))
    newest, older = list_entries(session, user_id, limit=2)
    assert (older.entry_type, older.idempotency_key, older.note) == ("capture", f"capture:{with_note.id}", "a link")
    assert newest.note == "test"


def test_capture_works_in_debt(session: Session) -> None:
    user_id = open_account(session, credits=10)
    hold_id = place(session, user_id, 4)
    take_back(session, user_id, 10)
    assert capture_hold(session, hold_id).balance_after == -4


@pytest.mark.parametrize("amount", [True, 1.0, "1", 0, -1, 10**9 + 1], ids=repr)
def test_capture_rejects_what_is_no_amount(session: Session, amount: Any) -> None:
    hold_id = place(session, open_account(session, credits=10), 4)
    with pytest.raises(InvalidAmountError):
        capture_hold(session, hold_id, amount)
    assert find_hold_status(session, hold_id) == "open"


def test_capture_rejects_more_than_was_held(session: Session) -> None:
    user_id = open_account(session, credits=10)
    hold_id = place(session, user_id, 4)
    with pytest.raises(CaptureTooLargeError) as caught:
        capture_hold(session, hold_id, 5)
    session.commit()
    assert (caught.value.hold_id, caught.value.amount, caught.value.held) == (hold_id, 5, 4)
    assert (numbers_of(session, user_id), find_hold_status(session, hold_id)) == ((10, 4), "open")


def test_capture_rejects_a_hold_that_has_ended(session: Session) -> None:
    user_id = open_account(session, credits=10)
    captured, released = place(session, user_id, 1), place(session, user_id, 1)
    capture_hold(session, captured)
    release_hold(session, released)
    overdue = place(session, user_id, 1, seconds=-1)  # no job has run
    for hold_id, status in ((captured, "captured"), (released, "released"), (overdue, "expired"), (404, None)):
        for amount in (None, 1, 5):
            with pytest.raises(HoldNotOpenError) as caught:
                capture_hold(session, hold_id, amount)
            assert (caught.value.hold_id, caught.value.status) == (hold_id, status)
    session.commit()
    assert numbers_of(session, user_id) == (9, 0)


def test_release_frees_the_credits(session: Session) -> None:
    user_id = open_account(session, credits=10)
    hold_id = place(session, user_id, 4)
    release_hold(session, hold_id)
    session.commit()
    assert (numbers_of(session, user_id), find_hold_status(session, hold_id)) == ((10, 0), "released")


def test_release_rejects_a_hold_that_has_ended(session: Session) -> None:
    user_id = open_account(session, credits=10)
    captured, expired = place(session, user_id, 1), place(session, user_id, 1, seconds=-1)
    capture_hold(session, captured)
    expire_holds(session)
    for hold_id, status in ((captured, "captured"), (expired, "expired"), (404, None)):
        with pytest.raises(HoldNotOpenError) as caught:
            release_hold(session, hold_id)
        assert caught.value.status == status
    session.commit()
    assert numbers_of(session, user_id) == (9, 0)


def test_who_releases_too_late_ends_the_hold_as_expired(session: Session) -> None:
    """Past its time, before the clock's job has come: nobody is told `released` where another was told `expired`."""
    user_id = open_account(session, credits=10)
    in_time, too_late = place(session, user_id, 1), place(session, user_id, 4, seconds=-1)
    assert [release_hold(session, hold_id) for hold_id in (in_time, too_late)] == ["released", "expired"]
    session.commit()
    assert find_hold_status(session, too_late) == "expired"
    assert (numbers_of(session, user_id), expire_holds(session)) == ((10, 0), 0)


def test_expire_ends_what_is_overdue_oldest_first(session: Session) -> None:
    user_id = open_account(session, credits=10)
    young, old, open_one = (place(session, user_id, 1, seconds) for seconds in (-10, -20, 60))
    too_late = place(session, user_id, 1, seconds=-30)
    release_hold(session, too_late)
    assert (expire_holds(session, limit=1), session.get_one(Hold, old).status) == (1, "expired")
    assert (expire_holds(session), expire_holds(session)) == (1, 0)
    session.commit()
    assert [find_hold_status(session, hold_id) for hold_id in (young, open_one, too_late)] == [
        "expired",
        "open",
        "expired",
    ]
    assert numbers_of(session, user_id) == (10, 1)


def test_spend_is_a_hold_captured_at_once(session: Session) -> None:
    user_id = open_account(session, credits=10)
    entry = spend(session, user_id, 4, feature="qr-code", note="a link")
    session.commit()
    assert (entry.amount, entry.balance_after) == (-4, 6)
    assert numbers_of(session, user_id) == (6, 0)
    hold = session.scalars(select(Hold)).one()
    assert (hold.status, hold.captured_amount, hold.feature, hold.note) == ("captured", 4, "qr-code", "a link")


def test_spend_rejects_more_than_is_available(session: Session) -> None:
    user_id = open_account(session, credits=10)
    place(session, user_id, 4)
    with pytest.raises(InsufficientCreditsError):
        spend(session, user_id, 7, feature="test")
    session.commit()
    assert numbers_of(session, user_id) == (10, 4)


def test_nothing_is_committed_here(session: Session) -> None:
    user_id = open_account(session, credits=10)
    hold_id, overdue = place(session, user_id, 1), place(session, user_id, 1, seconds=-1)
    spend(session, user_id, 1, feature="test")
    capture_hold(session, hold_id)
    expire_holds(session)
    session.rollback()
    assert (numbers_of(session, user_id), session.get_one(Hold, overdue).status) == ((10, 1), "open")
    release_hold(session, overdue)
    session.rollback()
    assert (numbers_of(session, user_id), session.get_one(Hold, overdue).status) == ((10, 1), "open")


def test_find_hold_status_knows_the_time(session: Session) -> None:
    user_id = open_account(session, credits=10)
    assert find_hold_status(session, place(session, user_id, 1)) == "open"
    assert find_hold_status(session, place(session, user_id, 1, seconds=-0.01)) == "expired"
    assert find_hold_status(session, 404) is None

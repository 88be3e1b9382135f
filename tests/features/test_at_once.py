"""A feature's hold and capture as one statement each: the same rows as step by step, or nothing at all."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.features.at_once import capture_at_once, place_at_once
from payapp.features.charging import charge_for, place_for_use
from payapp.features.use import Use
from payapp.ledger.balances import ENTRIES, Balance, get_balance
from payapp.ledger.errors import InsufficientCreditsError, InvalidAmountError
from payapp.ledger.hold_views import HOLDS
from payapp.ledger.holds import OPEN_HOLDS_MAX, capture_hold, place_hold, release_hold
from payapp.ledger.verification import verify
from tests.factories import make_user

only_postgresql = pytest.mark.parametrize("engine_name", ["postgresql"])
OF_THEIR_OWN = ("id", "created_at", "ended_at", "expires_at", "idempotency_key", "balance_after")


@pytest.fixture
def use(session: Session) -> Use:
    """A use of five credits by somebody who has twenty."""
    use = Use(make_user(session, credits=20).id, 5, "qr-code", "QR code", None, 60)
    session.rollback()
    return use


def rows(session: Session, table: Any) -> list[dict[str, Any]]:
    """Return what the table's rows have in common with others of their kind, the newest last."""
    found = session.execute(select(table).order_by(table.c.id)).mappings().all()
    session.rollback()
    return [{name: row[name] for name in row if name not in OF_THEIR_OWN} for row in found]


def work_and_fail(session: Session) -> None:
    session.execute(update(User).values(stripe_refused_email="undone"))
    raise ZeroDivisionError


def number_of_holds(session: Session) -> int:
    return len(rows(session, HOLDS))


@only_postgresql
def test_it_leaves_the_rows_that_the_steps_leave(session: Session, use: Use) -> None:
    hold_id = place_at_once(session, use)
    assert hold_id is not None
    assert get_balance(session, use.user_id) == Balance(posted=20, held=5)
    assert capture_at_once(session, use, hold_id, 3)
    assert not session.in_transaction()
    capture_hold(session, place_for_use(session, use), 3)
    session.commit()
    for table in (HOLDS, ENTRIES):
        at_once, by_steps = rows(session, table)[-2:]
        assert at_once == by_steps
    assert get_balance(session, use.user_id) == Balance(posted=14, held=0)
    assert verify(session) == []


@only_postgresql
def test_a_use_is_two_statements_and_no_transaction(session: Session, use: Use) -> None:
    with charge_for(use):
        assert not session.in_transaction()
        assert get_balance(session, use.user_id).held == 5
    assert not session.in_transaction()
    assert get_balance(session, use.user_id) == Balance(posted=15, held=0)


@only_postgresql
def test_what_the_work_wrote_is_committed_with_the_entry_or_not_at_all(session: Session, use: Use) -> None:
    with charge_for(use):
        session.execute(update(User).values(stripe_refused_email="written by the work"))
        assert not capture_at_once(session, use, 1, 5)
    session.rollback()
    assert session.execute(select(User.stripe_refused_email)).scalar_one() == "written by the work"
    with pytest.raises(ZeroDivisionError), charge_for(use):
        work_and_fail(session)
    assert session.execute(select(User.stripe_refused_email)).scalar_one() == "written by the work"
    assert get_balance(session, use.user_id) == Balance(posted=15, held=0)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_sqlite_goes_step_by_step(session: Session, use: Use) -> None:
    assert place_at_once(session, use) is None
    assert number_of_holds(session) == 0
    with charge_for(use):
        assert get_balance(session, use.user_id).held == 5
    assert get_balance(session, use.user_id) == Balance(posted=15, held=0)


@only_postgresql
class TestNothing:
    """It does nothing, and says so: the steps find out why."""

    def test_when_credits_are_missing(self, session: Session, use: Use) -> None:
        assert place_at_once(session, replace(use, cost=21)) is None
        with pytest.raises(InsufficientCreditsError), charge_for(replace(use, cost=21)):
            pytest.fail("the work has begun")
        assert number_of_holds(session) == 0

    def test_when_the_key_was_used(self, session: Session, use: Use) -> None:
        keyed = replace(use, idempotency_key="form:1")
        assert place_at_once(session, keyed) is not None
        assert place_at_once(session, keyed) is None
        assert number_of_holds(session) == 1

    def test_when_too_many_holds_are_open(self, session: Session, use: Use) -> None:
        user_id = make_user(session, credits=1000).id
        for _ in range(OPEN_HOLDS_MAX):
            place_hold(session, user_id, 1, feature="test")
        session.commit()
        assert place_at_once(session, replace(use, user_id=user_id)) is None
        assert number_of_holds(session) == OPEN_HOLDS_MAX

    def test_when_the_hold_has_ended(self, session: Session, use: Use) -> None:
        hold_id = place_for_use(session, use)
        release_hold(session, hold_id)
        session.commit()
        assert not capture_at_once(session, use, hold_id, 5)
        assert len(rows(session, ENTRIES)) == 1

    def test_when_more_is_wanted_than_was_held(self, session: Session, use: Use) -> None:
        hold_id = place_at_once(session, use) or 0
        assert not capture_at_once(session, use, hold_id, 6)
        assert get_balance(session, use.user_id) == Balance(posted=20, held=5)

    @pytest.mark.parametrize("maker", ["user", "service:shop"])
    def test_when_the_hold_is_somebody_elses(self, session: Session, use: Use, maker: str) -> None:
        hold = place_hold(session, use.user_id, 5, feature="test", maker=maker)
        session.commit()
        assert not capture_at_once(session, use, hold.id, 5)

    def test_when_the_hold_is_of_another_account(self, session: Session, use: Use) -> None:
        hold_id = place_at_once(session, use) or 0
        stranger = replace(use, user_id=make_user(session).id)
        session.rollback()
        assert not capture_at_once(session, stranger, hold_id, 5)

    def test_when_its_time_is_over(self, session: Session, use: Use) -> None:
        hold_id = place_at_once(session, replace(use, expires_in_seconds=-1)) or 0
        assert not capture_at_once(session, use, hold_id, 5)

    def test_while_a_transaction_is_open(self, session: Session, use: Use) -> None:
        session.execute(select(User.id))
        assert place_at_once(session, use) is None
        session.rollback()
        assert number_of_holds(session) == 0


@pytest.mark.parametrize("cost", [0, -1, True, 10**10])
def test_an_amount_that_is_none_is_refused(session: Session, use: Use, cost: int) -> None:
    with pytest.raises(InvalidAmountError):
        place_at_once(session, replace(use, cost=cost))

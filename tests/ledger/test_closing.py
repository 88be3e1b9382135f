"""close_account(): nothing stays held, nothing stays to be spent, and the laws of the book hold."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.ledger.balances import list_entries
from payapp.ledger.closing import close_account
from payapp.ledger.errors import AccountInUseError
from payapp.ledger.holds import find_hold_status, place_hold
from payapp.ledger.makers import USER, service
from payapp.ledger.models import Hold
from payapp.ledger.posting import claw_back, find_grant, grant
from payapp.ledger.verification import verify
from tests.ledger import racing
from tests.ledger.books import numbers_of, open_account
from tests.ledger.racing import WORKERS, Job, Racers


def test_it_takes_what_is_left(session: Session) -> None:
    user_id, noise = open_account(session, credits=100), open_account(session, credits=7)
    held = [place_hold(session, user_id, 30, feature="x"), place_hold(session, user_id, 5, feature="x", maker=USER)]
    session.commit()
    assert close_account(session, user_id) == 100
    session.commit()
    assert numbers_of(session, user_id) == (0, 0)
    assert numbers_of(session, noise) == (7, 0)
    assert [find_hold_status(session, each.id) for each in held] == ["released", "released"]
    newest = list_entries(session, user_id, limit=1)[0]
    assert (newest.amount, newest.entry_type) == (-100, "expiration")
    assert verify(session) == []


def test_an_overdue_hold_expires(session: Session) -> None:
    user_id = open_account(session, credits=10)
    hold = place_hold(session, user_id, 4, feature="x", maker=service("a"))
    session.execute(update(Hold).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    session.commit()
    assert close_account(session, user_id) == 10
    session.commit()
    assert session.scalar(select(Hold.status).where(Hold.id == hold.id)) == "expired"
    assert verify(session) == []


def test_it_leaves_the_account_open_while_a_service_uses_it(session: Session) -> None:
    user_id = open_account(session, credits=10)
    mine, theirs = (place_hold(session, user_id, 4, feature="x", maker=maker) for maker in (USER, service("a")))
    session.commit()
    with pytest.raises(AccountInUseError) as error:
        close_account(session, user_id)
    session.rollback()
    assert error.value.until == theirs.expires_at
    assert [find_hold_status(session, each.id) for each in (mine, theirs)] == ["open", "open"]
    assert numbers_of(session, user_id) == (10, 8)


@pytest.mark.parametrize("spent", [0, 60])
def test_an_account_without_credits_gets_no_entry(session: Session, spent: int) -> None:
    user_id = open_account(session)
    grant(session, user_id, 100, idempotency_key="purchase:1")
    standing = find_grant(session, "purchase:1")
    assert standing
    claw_back(session, standing, 100, idempotency_key="refund:re_1")
    if spent:
        grant(session, user_id, spent, idempotency_key="purchase:2")
        place_hold(session, user_id, spent, feature="x")
    session.commit()
    assert close_account(session, user_id) == spent
    session.commit()
    assert numbers_of(session, user_id) == (0, 0)
    assert verify(session) == []


def test_a_debt_stays(session: Session) -> None:
    user_id = open_account(session)
    grant(session, user_id, 10, idempotency_key="purchase:1")
    standing = find_grant(session, "purchase:1")
    assert standing
    assert close_account(session, user_id) == 10
    claw_back(session, standing, 10, idempotency_key="refund:re_1")
    session.commit()
    assert numbers_of(session, user_id) == (-10, 0)
    assert verify(session) == []


def test_what_comes_afterwards_is_kept(session: Session) -> None:
    user_id = open_account(session, credits=10)
    close_account(session, user_id)
    grant(session, user_id, 5, idempotency_key="purchase:9")
    session.commit()
    assert numbers_of(session, user_id) == (5, 0)
    assert verify(session) == []


def test_it_races_with_everybody_who_uses_the_account(session: Session, database_url: str, racers: Racers) -> None:
    """Closing as often as it takes, while others spend, hold and capture: nothing is left, and nobody is deadlocked."""
    user_id = open_account(session, credits=500)
    use: list[Job] = [
        partial(racing.spend_often, user_id=user_id, amount=1, times=40),
        partial(racing.place_and_capture_often, user_id=user_id, amount=2, times=40),
        partial(racing.place_and_capture_often, user_id=user_id, amount=3, times=40),
        partial(racing.grant_each, user_id=user_id, amount=2, keys=[f"late:{n}" for n in range(10)]),
    ]
    closers: list[Job] = [partial(racing.close_when_possible, user_id=user_id)] * (WORKERS - len(use))
    taken = racers.race(database_url, [*closers, *use])[: len(closers)]
    assert len([each for each in taken if each]) == 1  # once in an account's life
    posted, held = numbers_of(session, user_id)
    assert held == 0
    assert posted >= 0
    assert verify(session) == []

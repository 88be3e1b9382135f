"""Every writer of the book against itself and the others, in real processes, on both engines."""

from collections import Counter
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from payapp.ledger.holds import expire_holds, place_hold
from payapp.ledger.models import Hold, LedgerEntry
from payapp.ledger.posting import grant
from payapp.ledger.verification import verify
from tests.ledger import racing
from tests.ledger.books import numbers_of, open_account
from tests.ledger.racing import WORKERS, Racers

ROUNDS = 40


def test_spends_from_many_processes_stop_at_zero(session: Session, database_url: str, racers: Racers) -> None:
    user_id = open_account(session, credits=100)
    wins = racers.race(database_url, [partial(racing.spend_often, user_id=user_id, amount=3, times=12)] * WORKERS)
    assert sum(wins) == 100 // 3
    assert numbers_of(session, user_id) == (100 % 3, 0)
    assert verify(session) == []


def test_holds_from_many_processes_stop_at_zero(session: Session, database_url: str, racers: Racers) -> None:
    user_id = open_account(session, credits=100)
    wins = racers.race(database_url, [partial(racing.place_often, user_id=user_id, amount=3, times=12)] * WORKERS)
    assert sum(wins) == 100 // 3
    assert numbers_of(session, user_id) == (100, 99)
    assert verify(session) == []


def test_grants_from_many_processes_all_count(session: Session, database_url: str, racers: Racers) -> None:
    user_id = open_account(session)
    jobs = [
        partial(racing.grant_each, user_id=user_id, amount=7, keys=[f"{worker}:{n}" for n in range(15)])
        for worker in range(WORKERS)
    ]
    outcomes = racers.race(database_url, jobs)
    assert sum(each["new"] for each in outcomes) == 15 * WORKERS
    assert numbers_of(session, user_id) == (7 * 15 * WORKERS, 0)
    assert verify(session) == []


def test_claw_backs_from_many_processes_stop_at_the_grant(session: Session, database_url: str, racers: Racers) -> None:
    user_id = open_account(session)
    grant(session, user_id, 100, idempotency_key="purchase:1")
    session.commit()
    jobs = [partial(racing.take_back_often, key="purchase:1", amount=7, times=6, seed=n) for n in range(WORKERS)]
    assert sum(racers.race(database_url, jobs)) == 100 // 7
    assert numbers_of(session, user_id) == (100 % 7, 0)
    assert verify(session) == []


def test_one_key_from_many_processes_is_one_entry(session: Session, database_url: str, racers: Racers) -> None:
    user_id = open_account(session)
    keys = [f"purchase:{n}" for n in range(20)]
    outcomes = racers.race(database_url, [partial(racing.grant_each, user_id=user_id, amount=7, keys=keys)] * WORKERS)
    assert sum(each["new"] for each in outcomes) == 20
    assert sum(each["standing"] for each in outcomes) == 20 * (WORKERS - 1)
    assert numbers_of(session, user_id) == (7 * 20, 0)
    assert verify(session) == []


def test_one_key_for_two_accounts_is_granted_to_one(session: Session, database_url: str, racers: Racers) -> None:
    user_ids = [open_account(session), open_account(session)]
    keys = [f"purchase:{n}" for n in range(20)]
    jobs = [partial(racing.grant_each, user_id=user_ids[n % 2], amount=7, keys=keys) for n in range(WORKERS)]
    outcomes = racers.race(database_url, jobs)
    assert sum(each["new"] for each in outcomes) == 20
    assert sum(each["conflict"] for each in outcomes) == 20 * WORKERS // 2
    assert sum(numbers_of(session, user_id)[0] for user_id in user_ids) == 7 * 20
    assert verify(session) == []


def test_a_hold_ends_once_whoever_comes_first(session: Session, database_url: str, racers: Racers) -> None:
    user_id = open_account(session, credits=ROUNDS)
    endings: list[racing.Ending] = ["capture", "release", "expire"]
    jobs = [
        partial(racing.end_holds, ending=endings[n % 3], user_id=user_id, rounds=ROUNDS, seed=n) for n in range(WORKERS)
    ]
    assert sum(racers.race(database_url, jobs)) + expire_holds(session) == ROUNDS
    captured = session.scalar(select(func.count()).where(Hold.status == "captured"))
    assert session.scalar(select(func.count()).where(LedgerEntry.entry_type == "capture")) == captured
    assert numbers_of(session, user_id) == (ROUNDS - (captured or 0), 0)
    assert verify(session) == []


def test_workers_that_expire_at_once_do_not_block_each_other(
    session: Session, database_url: str, racers: Racers
) -> None:
    """Their batches touch the same accounts, placed in every order."""
    user_ids = [open_account(session, credits=100) for _ in range(5)]
    for n in range(150):
        place_hold(session, user_ids[n * 7 % 5 - n % 3], 1, feature="race", expires_in_seconds=-200 + n)
    session.commit()
    ended = racers.race(database_url, [partial(racing.expire_in_batches, limit=9)] * WORKERS)
    assert sum(ended) == 150
    assert verify(session) == []


def test_everything_at_once_fails_nowhere(session: Session, database_url: str, racers: Racers) -> None:
    """No deadlock, no "database is locked", and verify() gives no false alarm meanwhile."""
    user_ids = [open_account(session, credits=20) for _ in range(3)]
    jobs = [partial(racing.do_everything, user_ids=user_ids, seconds=3, seed=n) for n in range(WORKERS)]
    counted: Counter[str] = sum(racers.race(database_url, jobs), start=Counter())
    assert set(counted) >= set(racing.DEEDS), counted
    assert verify(session) == []


@pytest.mark.parametrize("engine_name", ["postgresql"])  # SQLite has one writer at a time
def test_a_release_and_an_expiry_of_other_holds_do_not_deadlock(session: Session, raw: Any) -> None:
    """Staged: the release has ended its hold but not yet freed its credits when the expiry comes by."""
    user_id = open_account(session, credits=10)
    for seconds in (-2, -1):
        last = place_hold(session, user_id, 1, feature="race", expires_in_seconds=seconds)
    session.commit()
    raw.execute("UPDATE holds SET status = 'released' WHERE id = %s", (last.id,))
    session.execute(text("SET LOCAL lock_timeout = '2s'"))
    assert expire_holds(session) == 1
    session.commit()

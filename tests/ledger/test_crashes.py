"""A process killed with SIGKILL in the middle of its work leaves a book that is right."""

import random
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.ledger.holds import capture_hold, place_hold, spend
from payapp.ledger.models import Hold, LedgerEntry
from payapp.ledger.verification import verify
from tests.ledger import crashing
from tests.ledger.books import numbers_of, open_account
from tests.warm import WARM

START_SECONDS_MAX = 30


def start(function: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """Run the function in a new process; return it and the pipe on which it tells how far it came."""
    ours, theirs = WARM.Pipe()
    process = WARM.Process(target=function, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    assert ours.poll(START_SECONDS_MAX), "it did not come so far"
    return process, ours


def kill(process: BaseProcess) -> None:
    process.kill()
    process.join()


def count_told(pipe: Connection) -> int:
    """Return how many messages arrived before the end."""
    told = 0
    try:
        while pipe.poll(0):
            pipe.recv()
            told += 1
    except EOFError:
        pass
    return told


def test_a_process_killed_before_its_commit_leaves_nothing(session: Session, database_url: str) -> None:
    user_id = open_account(session, credits=20)
    hold_ids = {name: place_hold(session, user_id, 1, feature="test").id for name in ("capture", "release")}
    place_hold(session, user_id, 1, feature="test", expires_in_seconds=-1)
    session.commit()
    process, _ = start(crashing.do_and_hang, database_url, user_id, hold_ids)
    kill(process)
    assert numbers_of(session, user_id) == (20, 2)
    assert session.scalar(select(func.count()).select_from(LedgerEntry)) == 1
    assert session.scalar(select(func.count()).where(Hold.status == "open")) == 3
    session.rollback()
    # Its locks are gone too: the next one waits for nobody.
    capture_hold(session, hold_ids["capture"])
    spend(session, user_id, 17, feature="test")
    session.commit()
    assert (numbers_of(session, user_id), verify(session)) == ((2, 1), [])


def test_a_process_killed_at_any_moment_keeps_what_it_committed(session: Session, database_url: str) -> None:
    user_id = open_account(session, credits=1_000_000)
    known = 0
    for seed in range(3):
        process, progress = start(crashing.spend_for_ever, database_url, user_id)
        time.sleep(random.Random(seed).uniform(0.05, 0.2))
        kill(process)
        known += count_told(progress)
        spent = 1_000_000 - numbers_of(session, user_id)[0]
        assert known <= spent <= known + 1  # committed, but killed before it could tell
        known = spent
    assert known > 0
    assert verify(session) == []

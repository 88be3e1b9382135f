"""Races with real processes: a pool of workers that wait at one starting line, and the jobs they run.

A job gets an engine of its own, as another gunicorn worker would have, and returns what it counted. A refusal that
the job does not expect (a deadlock, "database is locked") is an exception, and fails the test.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.synchronize import Barrier
from typing import Any, Literal

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from payapp.database.base import engine_options, expect_reads_only, expect_writes, normalize_url, prepare_engine
from payapp.ledger.balances import get_balance
from payapp.ledger.closing import close_account
from payapp.ledger.errors import AccountInUseError, HoldNotOpenError, IdempotencyConflictError, InsufficientCreditsError
from payapp.ledger.holds import capture_hold, expire_holds, place_hold, release_hold, spend
from payapp.ledger.models import Hold
from payapp.ledger.posting import claw_back, find_grant, grant, reinstate
from payapp.ledger.verification import verify
from tests.warm import WARM

WORKERS = 6
START_SECONDS_MAX = 30

Job = Callable[[Engine], Any]
Ending = Literal["capture", "release", "expire"]
_starting_line: Barrier | None = None


class Racers:
    """WORKERS processes, started once. Jobs are functools.partial of the functions below: they must pickle."""

    def __init__(self) -> None:
        self._pool = WARM.Pool(WORKERS, _enter, (WARM.Barrier(WORKERS),))

    def race(self, database_url: str, jobs: Sequence[Job]) -> list[Any]:
        """Run one job in each process, all from the same instant; return their results in order."""
        assert len(jobs) == WORKERS
        return self._pool.starmap(_run, [(database_url, job) for job in jobs], chunksize=1)

    def stop(self) -> None:
        self._pool.terminate()
        self._pool.join()


@contextmanager
def engine_for(database_url: str) -> Iterator[Engine]:
    """An engine such as the application has, without the application."""
    engine = create_engine(normalize_url(database_url), **engine_options(database_url))
    prepare_engine(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def _enter(starting_line: Barrier) -> None:
    global _starting_line  # a pool has no other way to hand its processes a barrier
    _starting_line = starting_line


def _run(database_url: str, job: Job) -> Any:
    with engine_for(database_url) as engine:
        with engine.connect():
            pass  # the connection is in the pool before the race begins
        _line_up()
        return job(engine)


def _line_up() -> None:
    assert _starting_line is not None
    _starting_line.wait(START_SECONDS_MAX)


# ---- jobs


def spend_often(engine: Engine, user_id: int, amount: int, times: int) -> int:
    """Try to spend `amount` so often; return how often there was enough."""
    return sum(_succeeds(engine, lambda session: spend(session, user_id, amount, feature="race")) for _ in range(times))


def place_often(engine: Engine, user_id: int, amount: int, times: int) -> int:
    """Try to hold `amount` so often; return how often there was enough."""
    return sum(
        _succeeds(engine, lambda session: place_hold(session, user_id, amount, feature="race")) for _ in range(times)
    )


def grant_each(engine: Engine, user_id: int, amount: int, keys: Sequence[str]) -> Counter[str]:
    """Grant `amount` once for each key; return how many were `new`, `standing`, or in `conflict`."""
    outcomes: Counter[str] = Counter()
    for key in keys:
        with Session(engine) as session:
            try:
                entry = grant(session, user_id, amount, idempotency_key=key)
                outcomes["new" if entry.is_new else "standing"] += 1
            except IdempotencyConflictError:
                outcomes["conflict"] += 1
            session.commit()
    return outcomes


def take_back_often(engine: Engine, key: str, amount: int, times: int, seed: int) -> int:
    """Try to take `amount` of the grant with this key back so often; return how often the guard let it pass."""
    taken = 0
    for n in range(times):
        with Session(engine) as session, suppress(IntegrityError):
            standing = find_grant(session, key)
            assert standing is not None
            claw_back(session, standing, amount, idempotency_key=f"refund:{seed}:{n}")
            session.commit()
            taken += 1
    return taken


def end_holds(engine: Engine, ending: Ending, user_id: int, rounds: int, seed: int) -> int:
    """Each round: one process places a hold, then everybody goes for it; return how many this process ended.

    It expires before, while or after they come, so that each of them sometimes wins: after it no capture can.
    """
    chance = random.Random(seed)
    ended = 0
    for _ in range(rounds):
        if seed == 0:
            _place_for_a_moment(engine, user_id, chance.uniform(0, 0.03))
        _line_up()
        time.sleep(chance.uniform(0, 0.01))
        with Session(engine) as session, suppress(HoldNotOpenError):
            ended += _end(session, ending, user_id)
            session.commit()
        _line_up()
    return ended


def expire_in_batches(engine: Engine, limit: int) -> int:
    """Expire until nothing is left, as the clock's job does; return how many this process expired."""
    total = 0
    with Session(engine) as session:
        while ended := expire_holds(session, limit):
            total += ended
            session.commit()
    return total


def do_everything(engine: Engine, user_ids: Sequence[int], seconds: float, seed: int) -> Counter[str]:
    """Do at random whatever can be done, for so long; return how often each was done or refused."""
    chance = random.Random(seed)
    done: Counter[str] = Counter()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        name = chance.choice(list(DEEDS))
        expect_reads_only() if name == "look" else expect_writes()
        with Session(engine) as session:
            try:
                DEEDS[name](session, chance.choice(user_ids), f"{seed}:{sum(done.values())}")
                done[name] += 1
            except (InsufficientCreditsError, HoldNotOpenError) as refusal:
                done[type(refusal).__name__] += 1
            session.commit()
    return done


def place_and_capture_often(engine: Engine, user_id: int, amount: int, times: int) -> int:
    """Try to hold `amount` and then capture the hold so often; return how often both succeeded."""
    captured = 0
    for _ in range(times):
        with Session(engine) as session, suppress(InsufficientCreditsError, HoldNotOpenError):
            hold = place_hold(session, user_id, amount, feature="race")
            session.commit()
            capture_hold(session, hold.id)
            session.commit()
            captured += 1
    return captured


def close_when_possible(engine: Engine, user_id: int) -> int:
    """Close the account, again while somebody uses it at this very moment; return how many credits were taken."""
    while True:
        with Session(engine) as session, suppress(AccountInUseError):
            taken = close_account(session, user_id)
            session.commit()
            return taken


def _succeeds(engine: Engine, deed: Callable[[Session], object]) -> bool:
    with Session(engine) as session:
        try:
            deed(session)
        except InsufficientCreditsError:
            return False
        session.commit()
        return True


def _place_for_a_moment(engine: Engine, user_id: int, seconds: float) -> None:
    with Session(engine) as session:
        place_hold(session, user_id, 1, feature="race", expires_in_seconds=seconds)
        session.commit()


def _end(session: Session, ending: Ending, user_id: int) -> int:
    if ending == "expire":
        return expire_holds(session)
    hold_id = session.scalars(select(func.max(Hold.id)).where(Hold.user_id == user_id)).one()
    capture_hold(session, hold_id) if ending == "capture" else release_hold(session, hold_id)
    return 1


def _look(session: Session, user_id: int, _: str) -> None:
    get_balance(session, user_id)
    assert verify(session) == [], "a false alarm while others write"


def _place_and_end(session: Session, user_id: int, _: str) -> None:
    hold = place_hold(session, user_id, 4, feature="race")
    session.commit()
    capture_hold(session, hold.id, 3) if hold.id % 2 else release_hold(session, hold.id)


def _take_and_give_back(session: Session, user_id: int, key: str) -> None:
    grant(session, user_id, 5, idempotency_key=key)
    standing = find_grant(session, key)
    assert standing is not None
    session.commit()
    claw_back(session, standing, 5, idempotency_key=f"refund:{key}")
    session.commit()
    reinstate(session, standing, 2, idempotency_key=f"refund:{key}:failed")


DEEDS: dict[str, Callable[[Session, int, str], object]] = {
    "grant": lambda session, user_id, key: grant(session, user_id, 5, idempotency_key=key),
    "spend": lambda session, user_id, _: spend(session, user_id, 3, feature="race"),
    "place and end": _place_and_end,
    "place for a moment": lambda session, user_id, _: place_hold(
        session, user_id, 2, feature="race", expires_in_seconds=0.005
    ),
    "take and give back": _take_and_give_back,
    "expire": lambda session, _user_id, _key: expire_holds(session, 5),
    "look": _look,
}

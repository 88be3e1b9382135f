"""The clock's job as a racer: a process that expires holds all the time, not once a minute."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event

from payapp.ledger.holds import EXPIRE_BATCH
from tests.ledger.racing import engine_for, expire_in_batches
from tests.warm import WARM

PAUSE_SECONDS = 0.001  # SQLite has one writer at a time: let others have their turn
WAIT_SECONDS_MAX = 30


@contextmanager
def expiring(database_url: str) -> Iterator[None]:
    """Expire holds in another process for the time of the block. Raises AssertionError if it failed at that."""
    is_ready, is_over = WARM.Event(), WARM.Event()
    process = WARM.Process(target=_expire_until, args=(database_url, is_ready, is_over), daemon=True)
    process.start()
    try:
        assert is_ready.wait(WAIT_SECONDS_MAX), "nobody expires"
        yield
    finally:
        is_over.set()
        process.join(WAIT_SECONDS_MAX)
    assert process.exitcode == 0


def _expire_until(database_url: str, is_ready: Event, is_over: Event) -> None:
    with engine_for(database_url) as engine:
        while not is_over.wait(PAUSE_SECONDS):
            expire_in_batches(engine, EXPIRE_BATCH)
            is_ready.set()

"""Passwords are hashed one at a time in a process: a hash takes a quarter of a second of all that a core can do.

There is a process for each core, so more at once would let nobody in sooner, and leave nothing for others' pages. Who
waits has no seat (web/seats.py), so that however many log in at once, everybody else is served.
"""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore, get_native_id
from typing import TypeVar

from payapp.web.seats import lending_seat

# At once in one process: about fifteen seconds of waiting for the last one. Each has a thread (gunicorn.conf.py).
WAITING_MAX = 48
TRY_AGAIN_SECONDS = 5
# Of the scale to 19: a page that wants the same core gets three times as much of it, and is made in between.
NICENESS = 5

Result = TypeVar("Result")

_room = BoundedSemaphore(WAITING_MAX)


class CrowdedError(Exception):
    """So many wait for their turn that one more would wait too long, and take a thread that others need."""


@contextmanager
def waiting_room() -> Iterator[None]:
    """Have a place in which to wait for turns. Raises CrowdedError at once when there is none."""
    if not _room.acquire(blocking=False):
        raise CrowdedError(f"{WAITING_MAX} wait already")
    try:
        yield
    finally:
        _room.release()


def hash_in_turn(work: Callable[[], Result]) -> Result:
    """Wait for the turn, and return what `work` returns, or raise what it raises. No transaction may be open."""
    with lending_seat():
        return _hashing_thread.submit(work).result()


def _step_back() -> None:
    """Let everything else have the processor first. Linux alone knows niceness of one thread, and of those it makes."""
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it
            os.setpriority(os.PRIO_PROCESS, get_native_id(), NICENESS)


# First come, first served. Its thread is made by the first to come, so in each process after it was forked.
_hashing_thread = ThreadPoolExecutor(1, "hashing", _step_back)

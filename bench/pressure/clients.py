"""Requests at a constant rate, whatever becomes of those before (an open loop), from a process of its own.

Each is measured from the moment at which it should have been sent: had somebody pressed a button then, so long would
they have waited.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from multiprocessing.synchronize import Event
from threading import Lock

from bench.load import Connection

CONNECTIONS = 48  # as many as may be under way at once; what is due then waits, and its time runs
ANSWER_SECONDS_MAX = 60

_stop: Event | None = None


@dataclass(frozen=True)
class Answer:
    """One request: its number, when it was due (monotonic seconds), and after how many seconds all was there."""

    number: int
    due_at: float
    took: float


def share_stop(stop: Event) -> None:
    """Run first in each client process: what ends send_in_cycle()."""
    global _stop
    _stop = stop


def send_in_cycle(port: int, requests: Sequence[bytes], rate: float) -> list[Answer]:
    """Send the requests one after the other, and again from the first, `rate` a second, until told to stop."""
    assert _stop is not None
    return _send(port, lambda number: requests[number % len(requests)], rate, count(), _stop.is_set)


def send_each(port: int, sources: Sequence[str], render: Callable[[str], bytes], rate: float) -> list[Answer]:
    """Send each once, `rate` a second; `render` makes a request of its source when it is due."""
    return _send(port, lambda number: render(sources[number]), rate, iter(range(len(sources))), lambda: False)


def _send(
    port: int, make: Callable[[int], bytes], rate: float, numbers: Iterator[int], is_over: Callable[[], bool]
) -> list[Answer]:
    """Raise AssertionError at an answer that is no success, TimeoutError when none comes for a minute."""
    began_at, lock = time.monotonic(), Lock()

    def send_some() -> list[Answer]:
        answers, connection = [], Connection(port, ANSWER_SECONDS_MAX)
        while not is_over():
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            due_at = began_at + number / rate
            time.sleep(max(0, due_at - time.monotonic()))
            connection.send(make(number))
            answers.append(Answer(number, due_at, time.monotonic() - due_at))
        connection.close()
        return answers

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        work = [threads.submit(send_some) for _ in range(CONNECTIONS)]
        return [answer for one in work for answer in one.result()]

"""Sending from several processes at once: a pool of senders that wait at one starting line."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from multiprocessing.synchronize import Barrier

from tests.warm import WARM
from tests.webhooks.delivering import deliver_over_http

PROCESSES = 5
THREADS = 10
START_SECONDS_MAX = 30

_starting_line: Barrier | None = None


class Senders:
    """PROCESSES processes, started once, of THREADS threads each."""

    def __init__(self) -> None:
        self._pool = WARM.Pool(PROCESSES, _enter, (WARM.Barrier(PROCESSES),))

    def deliver(self, url: str, payloads: list[str]) -> list[int]:
        """Deliver all payloads to `url` at the same instant; return the statuses, in no order."""
        shares = [(url, payloads[first::PROCESSES]) for first in range(PROCESSES)]
        return list(chain.from_iterable(self._pool.starmap(_deliver_share, shares, chunksize=1)))

    def stop(self) -> None:
        self._pool.terminate()
        self._pool.join()


def _enter(starting_line: Barrier) -> None:
    global _starting_line
    _starting_line = starting_line


def _deliver_share(url: str, payloads: list[str]) -> list[int]:
    assert _starting_line is not None
    with ThreadPoolExecutor(THREADS) as threads:
        _starting_line.wait(START_SECONDS_MAX)
        return list(threads.map(lambda payload: deliver_over_http(url, payload), payloads))

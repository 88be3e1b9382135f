"""How many requests each API key has sent in this minute: in this process, or in a Redis that several share."""

import logging
from threading import Lock
from time import monotonic, time
from typing import TYPE_CHECKING, cast

from flask import current_app

from payapp.api.count import Count, SharedCountsAwayError

if TYPE_CHECKING:
    from payapp.api.shared_counts import SharedCounts

log = logging.getLogger(__name__)

MEMORY = "memory://"
MINUTE_SECONDS = 60
ASK_AGAIN_SECONDS = 30  # a Redis that was away is left alone for so long: no request waits for it meanwhile
AWAY = "RATELIMIT_STORAGE_URI does not answer: each process counts the API's requests by itself"


class OwnCounts:
    """Counts of this process: of the present minute, all forgotten together when it ends."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = 0
        self._counts: dict[str, int] = {}

    def count(self, limit: int, key: str) -> Count:
        minute = int(time() // MINUTE_SECONDS)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            counted = self._counts[key] = self._counts.get(key, 0) + 1
        return Count(limit, counted, (minute + 1) * MINUTE_SECONDS)


class RequestCounts:
    """Counts where the settings say; in this process while nobody answers there."""

    def __init__(self, shared: "SharedCounts | None") -> None:
        self._own = OwnCounts()
        self._shared = shared
        self._ask_at = 0.0

    def count(self, limit: int, key: str) -> Count:
        """Count one request of `key`, which may send `limit` a minute. Never raises for a storage that is away."""
        if self._shared is not None and monotonic() >= self._ask_at:
            try:
                return self._shared.count(limit, key)
            except SharedCountsAwayError as error:
                self._leave_alone(error)
        return self._own.count(limit, key)

    def notes(self) -> list[str]:
        """Return what an operator should know: nothing while all is as the settings say."""
        if self._shared is None:
            return []
        if monotonic() >= self._ask_at and not self._shared.is_there():
            self._leave_alone("no answer to a ping")
        return [AWAY] if monotonic() < self._ask_at else []

    def _leave_alone(self, reason: object) -> None:
        self._ask_at = monotonic() + ASK_AGAIN_SECONDS
        log.warning("%s (%s)", AWAY, reason)


def make_request_counts(uri: str) -> RequestCounts:
    """Return the counts for the setting RATELIMIT_STORAGE_URI. Connects to nothing yet. Raises ConfigError."""
    if uri == MEMORY:
        return RequestCounts(None)
    from payapp.api.shared_counts import connect  # a twentieth of the start, for who needs it

    return RequestCounts(connect(uri))


def get_request_counts() -> RequestCounts:
    """Return this application's counts."""
    return cast(RequestCounts, current_app.extensions["payapp_request_counts"])

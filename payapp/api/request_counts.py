"""How many requests each API key has sent in this minute: in this process, or in a Redis that several share."""

import logging
from dataclasses import dataclass
from math import ceil
from threading import Lock
from time import monotonic, time
from typing import Any, cast

from flask import current_app
from limits import RateLimitItem
from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage, storage_from_string

from payapp.config import ConfigError

log = logging.getLogger(__name__)

MEMORY = "memory://"
REDIS_TIMEOUT_SECONDS = 0.5
ASK_AGAIN_SECONDS = 30  # a Redis that was away is left alone for so long: no request waits for it meanwhile
AWAY = "RATELIMIT_STORAGE_URI does not answer: each process counts the API's requests by itself"


@dataclass(frozen=True)
class Count:
    """Where a key stands after a request. `resets_at`: when the minute ends, in seconds since 1970."""

    is_within: bool
    remaining: int
    resets_at: float

    @property
    def retry_after_seconds(self) -> int:
        return max(1, ceil(self.resets_at - time()))


class OwnCounts:
    """Counts of this process: of the present minute, all forgotten together when it ends.

    The package's memory storage starts threads to forget what is old, several a second under load.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = 0
        self._counts: dict[str, int] = {}

    def count(self, limit: RateLimitItem, key: str) -> Count:
        minute = int(time() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            counted = self._counts[key] = self._counts.get(key, 0) + 1
        return _judge(limit, counted, (minute + 1) * 60)


class RequestCounts:
    """Counts in the storage that the settings name; in this process while that one does not answer."""

    def __init__(self, shared: Storage | None) -> None:
        self._own = OwnCounts()
        self._shared = shared
        self._ask_at = 0.0

    def count(self, limit: RateLimitItem, key: str) -> Count:
        """Count one request of `key`. Never raises for a storage that is away."""
        if self._shared is not None and monotonic() >= self._ask_at:
            try:
                return _count(self._shared, limit, key)
            except StorageError as error:
                self._leave_alone(error)
        return self._own.count(limit, key)

    def notes(self) -> list[str]:
        """Return what an operator should know: nothing while all is as the settings say."""
        if self._shared is None:
            return []
        if monotonic() >= self._ask_at and not self._shared.check():
            self._leave_alone("no answer to a ping")
        return [AWAY] if monotonic() < self._ask_at else []

    def _leave_alone(self, reason: object) -> None:
        self._ask_at = monotonic() + ASK_AGAIN_SECONDS
        log.warning("%s (%s)", AWAY, reason)


def make_request_counts(uri: str) -> RequestCounts:
    """Return the counts for the setting RATELIMIT_STORAGE_URI. Connects to nothing yet. Raises ConfigError."""
    if uri == MEMORY:
        return RequestCounts(None)
    options: dict[str, Any] = {}
    if uri.startswith(("redis://", "rediss://")):
        options = {"socket_timeout": REDIS_TIMEOUT_SECONDS, "socket_connect_timeout": REDIS_TIMEOUT_SECONDS}
    try:
        return RequestCounts(cast(Storage, storage_from_string(uri, wrap_exceptions=True, **options)))
    except (ConfigurationError, ValueError) as error:
        raise ConfigError(f"RATELIMIT_STORAGE_URI must be memory:// or redis://host:6379: {error}") from error


def get_request_counts() -> RequestCounts:
    """Return this application's counts."""
    return cast(RequestCounts, current_app.extensions["payapp_request_counts"])


def _count(storage: Storage, limit: RateLimitItem, key: str) -> Count:
    """Count in a fixed window, as the package's own strategy does it, which asks the storage once more."""
    name = limit.key_for(key)
    counted = storage.incr(name, limit.get_expiry())
    return _judge(limit, counted, storage.get_expiry(name))


def _judge(limit: RateLimitItem, counted: int, resets_at: float) -> Count:
    return Count(counted <= limit.amount, max(0, limit.amount - counted), resets_at)

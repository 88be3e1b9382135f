"""Counting in a Redis that several processes share. Imported only where the settings name one."""

from typing import Any, cast

from limits import RateLimitItemPerMinute
from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage, storage_from_string

from payapp.api.count import Count, SharedCountsAwayError
from payapp.config import ConfigError

REDIS_TIMEOUT_SECONDS = 0.5


class SharedCounts:
    """Counts in fixed windows of a minute, as the package's own strategy does it, which asks the storage once more."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def count(self, limit: int, key: str) -> Count:
        """Count one request of `key`. Raises SharedCountsAwayError."""
        item = RateLimitItemPerMinute(limit)
        name = item.key_for(key)
        try:
            counted = self._storage.incr(name, item.get_expiry())
            return Count(limit, counted, self._storage.get_expiry(name))
        except StorageError as error:
            raise SharedCountsAwayError(str(error)) from error

    def is_there(self) -> bool:
        """Whether the storage answers."""
        return self._storage.check()


def connect(uri: str) -> SharedCounts:
    """Return the counts in the storage at `uri`. Connects to nothing yet. Raises ConfigError."""
    options: dict[str, Any] = {}
    if uri.startswith(("redis://", "rediss://")):
        options = {"socket_timeout": REDIS_TIMEOUT_SECONDS, "socket_connect_timeout": REDIS_TIMEOUT_SECONDS}
    try:
        return SharedCounts(cast(Storage, storage_from_string(uri, wrap_exceptions=True, **options)))
    except (ConfigurationError, ValueError) as error:
        raise ConfigError(f"RATELIMIT_STORAGE_URI must be memory:// or redis://host:6379: {error}") from error

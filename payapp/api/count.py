"""Where an API key stands after a request, whoever has counted it."""

from dataclasses import dataclass
from math import ceil
from time import time


class SharedCountsAwayError(Exception):
    """Whoever counts for several processes does not answer."""


@dataclass(frozen=True)
class Count:
    """Where a key stands after a request. `resets_at`: when the minute ends, in seconds since 1970."""

    limit: int
    counted: int
    resets_at: float

    @property
    def is_within(self) -> bool:
        return self.counted <= self.limit

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.counted)

    @property
    def retry_after_seconds(self) -> int:
        return max(1, ceil(self.resets_at - time()))

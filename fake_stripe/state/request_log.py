"""The last API requests, for tests and for a person who wonders what the app has sent."""

import threading
from collections import deque
from dataclasses import asdict, dataclass, field

from fake_stripe.errors import JsonObject

KEPT_MAX = 5000


@dataclass
class RequestEntry:
    """One request to the API; `status` is None while it runs and when it was left without an answer."""

    request_id: str
    method: str
    path: str
    idempotency_key: str | None
    received_at: float
    stripe_version: str | None = None
    params: JsonObject = field(default_factory=dict)
    status: int | None = None
    is_replay: bool = False


class RequestLog:
    """The requests in memory, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[RequestEntry] = deque(maxlen=KEPT_MAX)
        self._lock = threading.Lock()

    def add(self, entry: RequestEntry) -> None:
        """Note a request as it comes in."""
        with self._lock:
            self._entries.append(entry)

    def to_list(self) -> list[JsonObject]:
        """Return all as plain data."""
        with self._lock:
            return [asdict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget them, so that a test can count from here."""
        with self._lock:
            self._entries.clear()

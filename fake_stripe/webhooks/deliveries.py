"""Webhook delivery: signed afresh each time, retried with back-off, in no promised order.

https://docs.stripe.com/webhooks#behaviors: Stripe tries for up to three days with exponential back-off; a
redirect counts as a failure. Here the first interval is `retry_base_seconds`, for impatient developers.
"""

import threading
from collections import Counter
from dataclasses import dataclass

from fake_stripe.settings import StandInSettings
from fake_stripe.state.clock import Clock
from fake_stripe.state.store import Store
from fake_stripe.webhooks.signing import sign

RETRY_SECONDS_MAX = 12 * 3600
GIVE_UP_SECONDS = 3 * 24 * 3600
IN_FLIGHT_PER_ENDPOINT_MAX = 8  # each endpoint has its own places, so that a slow one can't take another's
IDLE_SECONDS_MAX = 1.0


@dataclass(frozen=True)
class _Delivery:
    """One attempt about to be made."""

    id: int
    endpoint_id: str
    url: str
    secret: str
    payload: str
    attempts: int
    first_attempt_at: float | None


class Deliverer:
    """Works through the deliveries that are due, each attempt in a thread of its own."""

    def __init__(self, store: Store, clock: Clock, settings: StandInSettings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._in_flight: dict[int, str] = {}
        self._lock = threading.Lock()
        self._wake_up = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="deliverer", daemon=True)
        self.is_held = False

    def start(self) -> None:
        """Start the thread; deliveries left over by an earlier process continue."""
        self._store.on_commit = self._wake_up.set
        self._thread.start()

    def stop(self) -> None:
        """Start no further attempt. One in flight is not waited for: it will be made again after a restart."""
        self._is_stopping = True
        self._wake_up.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def hold(self) -> None:
        """Start no attempt until `release`; those in flight come to their end."""
        self.is_held = True

    def release(self) -> None:
        """Go on with what has gathered."""
        self.is_held = False
        self._wake_up.set()

    def wake_up(self) -> None:
        """Look again what is due, because the clock was moved."""
        self._wake_up.set()

    def _run(self) -> None:
        while not self._is_stopping:
            self._wake_up.wait(self._idle_seconds())
            self._wake_up.clear()
            if not self._is_stopping and not self.is_held:
                self._start_due()

    def _idle_seconds(self) -> float:
        rows = self._store.rows("SELECT min(next_attempt_at) FROM deliveries WHERE status = 'pending'")
        due: float | None = rows[0][0]
        if due is None or self.is_held:
            return IDLE_SECONDS_MAX
        return min(max(due - self._clock.now(), 0.02), IDLE_SECONDS_MAX)

    def _start_due(self) -> None:
        for delivery in self._claim_due():
            threading.Thread(target=self._attempt, args=(delivery,), daemon=True).start()

    def _claim_due(self) -> list[_Delivery]:
        """Mark due deliveries as in flight, as many as there are places. The mark dies with the process."""
        now = self._clock.now()
        due = self._store.rows(_ENDPOINTS_WITH_DUE, (now,))
        claimed: list[_Delivery] = []
        with self._lock:
            busy = Counter(self._in_flight.values())
            for endpoint in due:
                places = IN_FLIGHT_PER_ENDPOINT_MAX - busy[endpoint["id"]]
                rows = self._store.rows(_DUE, (endpoint["id"], now, IN_FLIGHT_PER_ENDPOINT_MAX * 2))
                idle = [row for row in rows if row["id"] not in self._in_flight]
                claimed += [_Delivery(**dict(row)) for row in idle[:places]]
            self._in_flight |= {delivery.id: delivery.endpoint_id for delivery in claimed}
        return claimed

    def _attempt(self, delivery: _Delivery) -> None:
        try:
            status, error = self._post(delivery)
            self._record(delivery, status, error)
        finally:
            with self._lock:
                self._in_flight.pop(delivery.id)
            self._wake_up.set()

    def _post(self, delivery: _Delivery) -> tuple[int | None, str | None]:
        import requests

        session = requests.Session()
        session.trust_env = False  # no proxy of the environment, no .netrc between us and the app
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(delivery.payload, delivery.secret),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Accept": "*/*; q=0.5, application/xml",
            "Cache-Control": "no-cache",
        }
        timeout = self._settings.delivery_timeout_seconds
        try:
            with session.post(
                delivery.url, delivery.payload.encode(), headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return response.status_code, None
        except (requests.RequestException, OSError, UnicodeError) as error:
            return None, f"{type(error).__name__}: {error}"

    def _record(self, delivery: _Delivery, status: int | None, error: str | None) -> None:
        now = self._clock.now()
        first = delivery.first_attempt_at or now
        wait = min(self._settings.retry_base_seconds * 2**delivery.attempts, RETRY_SECONDS_MAX)
        is_delivered = status is not None and 200 <= status < 300
        is_over = now + wait - first > GIVE_UP_SECONDS
        outcome = "delivered" if is_delivered else ("given_up" if is_over else "pending")
        if self._is_stopping:
            return
        with self._store.transaction():
            self._store.execute(
                "UPDATE deliveries SET attempts = attempts + 1, first_attempt_at = ?, next_attempt_at = ?, "
                "response_status = ?, error = ?, status = CASE status WHEN 'pending' THEN ? ELSE status END "
                "WHERE id = ?",
                (first, now + wait, status, error, outcome, delivery.id),
            )


_DUE = """
    SELECT d.id, d.endpoint_id, json_extract(e.body, '$.url') AS url,
           json_extract(e.private, '$.secret') AS secret, v.body AS payload, d.attempts, d.first_attempt_at
    FROM deliveries d JOIN objects e ON e.id = d.endpoint_id JOIN objects v ON v.id = d.event_id
    WHERE d.endpoint_id = ? AND d.status = 'pending' AND d.next_attempt_at <= ?
    ORDER BY d.next_attempt_at LIMIT ?
"""
_ENDPOINTS_WITH_DUE = """
    SELECT id FROM objects e WHERE kind = 'webhook_endpoint' AND is_deleted = 0 AND EXISTS (
        SELECT 1 FROM deliveries d
        WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.next_attempt_at <= ?
    )
"""

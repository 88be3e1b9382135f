"""Idempotency keys: https://docs.stripe.com/api/idempotent_requests.

A key's row is written before the request runs, so that a twin that comes meanwhile is refused, and completed in
the same transaction as the effect, so that a killed process leaves either both or neither.
"""

import hashlib
import json
from dataclasses import dataclass

from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.state.clock import Clock
from fake_stripe.state.store import Store

KEY_LENGTH_MAX = 255
KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Replay:
    """An answer given before, to be given again."""

    status: int
    body: str
    request_id: str


class IdempotencyKeys:
    """The keys of the last 24 hours and what was answered under them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        # A row without an answer belongs to a process that is gone: its effect was rolled back.
        self._store.execute("DELETE FROM idempotency_keys WHERE status IS NULL")

    def begin(self, key: str, path: str, params: JsonObject, request_id: str) -> Replay | None:
        """Take the key for this request, or return the answer it already has.

        Raises StripeError 400 when the key was used with another path or other parameters, 409 while the first
        request runs.
        """
        _check_length(key)
        fingerprint = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
        with self._store.transaction():
            self._forget_old()
            rows = self._store.rows("SELECT * FROM idempotency_keys WHERE key = ?", (key,))
            if not rows:
                self._store.execute(
                    "INSERT INTO idempotency_keys (key, path, fingerprint, request_id, created) VALUES (?, ?, ?, ?, ?)",
                    (key, path, fingerprint, request_id, self._clock.now()),
                )
                return None
        row = rows[0]
        if row["path"] != path:
            raise _misuse(_OTHER_PATH.format(first=row["path"], now=path, key=key))
        if row["fingerprint"] != fingerprint:
            raise _misuse(_OTHER_PARAMETERS.format(key=key))
        if row["status"] is None:
            raise _still_running(key)
        return Replay(row["status"], row["body"], row["request_id"])

    def finish(self, key: str, status: int, body: str) -> None:
        """Remember the answer; inside the transaction that holds the effect, if there is one."""
        self._store.execute("UPDATE idempotency_keys SET status = ?, body = ? WHERE key = ?", (status, body, key))

    def forget_unfinished(self, key: str) -> None:
        """Give the key free if its request has come to no answer that is kept."""
        self._store.execute("DELETE FROM idempotency_keys WHERE key = ? AND status IS NULL", (key,))

    def _forget_old(self) -> None:
        limit = self._clock.now() - KEPT_SECONDS
        self._store.execute("DELETE FROM idempotency_keys WHERE created < ?", (limit,))


_OTHER_PARAMETERS = (
    "Keys for idempotent requests can only be used with the same parameters they were first used with. "
    "Try using a key other than '{key}' if you meant to execute a different request."
)
_OTHER_PATH = (
    "Keys for idempotent requests can only be used for the same endpoint they were first used for "
    "('{now}' vs '{first}'). Try using a key other than '{key}' if you meant to execute a different request."
)


def _check_length(key: str) -> None:
    if len(key) > KEY_LENGTH_MAX:
        raise _misuse(f"Idempotency keys can be at most {KEY_LENGTH_MAX} characters long.")


def _misuse(message: str) -> StripeError:
    return StripeError(message, error_type="idempotency_error", is_kept=False)


def _still_running(key: str) -> StripeError:
    return StripeError(
        "There is currently another in-progress request using this Idempotent Key (that probably means you "
        f"submitted twice, and the other request is still going through): {key}. Please try again later.",
        status=409,
        code="idempotency_key_in_use",
        is_kept=False,
    )

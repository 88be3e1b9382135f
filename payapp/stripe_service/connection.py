"""The connections to Stripe, three ways to ask: once, quickly, patiently; and the package's errors turned into ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import BoundedSemaphore
from typing import Any, TypeVar

import stripe

from payapp.stripe_service.deadline import call_within
from payapp.stripe_service.patience import Patience
from payapp.stripe_service.refusals import Refusals
from payapp.stripe_types.objects import BurntKeyError, StripeRefusedError, StripeServiceError, StripeUnavailableError
from payapp.web.seats import lending_seat

TIMEOUT_SECONDS = (2.0, 4.0)  # connect, read; with one retry an answer within ten seconds, htmx's own limit
RETRIES = 1
QUICK_TIMEOUT_SECONDS = (1.0, 1.5)
QUICK_SECONDS_MAX = 2.0  # all in all: an address with many machines, each tried in turn, takes longer
# At once, in one process. Who waits has no seat (web/seats.py), so that however many press Buy while Stripe is silent,
# everybody else is served; but each has a thread (gunicorn.conf.py).
WAITING_MAX = 32

Result = TypeVar("Result")


class Connection:
    """What every part of the wall asks through."""

    def __init__(self, secret_key: str, api_base: str, patience: Patience) -> None:
        """`api_base` empty means Stripe's own address."""
        self.is_livemode = secret_key.startswith(("sk_live_", "rk_live_"))
        addresses: Any = {"api": api_base} if api_base else None
        self._client = _make_client(secret_key, addresses, TIMEOUT_SECONDS, RETRIES)
        self._quick_client = _make_client(secret_key, addresses, QUICK_TIMEOUT_SECONDS, 0)
        self._patience = patience
        self._room = BoundedSemaphore(WAITING_MAX)
        self.refusals = Refusals()

    def _client_for(self, is_quick: bool) -> stripe.StripeClient:
        return self._quick_client if is_quick else self._client

    def _ask(self, call: Callable[[], Result], *, is_quick: bool = False) -> Result:
        """Call, and log and raise our errors. `is_quick` gives up after two seconds, whatever the network does.

        Where too many wait already, this one is not made: StripeUnavailableError at once. No transaction may be open:
        the request's seat is lent meanwhile.
        """
        try:
            with self._waiting(), lending_seat(), translated_errors():
                return call_within(QUICK_SECONDS_MAX, call) if is_quick else call()
        except StripeServiceError as error:
            self.refusals.note(error)
            raise

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        if not self._room.acquire(blocking=False):
            raise StripeUnavailableError(f"{WAITING_MAX} calls wait for Stripe already")
        try:
            yield
        finally:
            self._room.release()

    def _ask_patiently(self, call: Callable[[], Result]) -> Result:
        """Call, and again for about a minute while there is no clear answer: for reading, where no page waits."""
        return self._patience.call(partial(self._ask, call))


def _make_client(secret_key: str, addresses: Any, timeout: Any, retries: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        secret_key,
        base_addresses=addresses,
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=timeout),
    )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the package's errors into ours."""
    try:
        yield
    except TimeoutError as error:
        raise StripeUnavailableError(f"no answer within {QUICK_SECONDS_MAX} s") from error
    except stripe.StripeError as error:
        translated = _translate(error)
        translated.request_id = error.request_id
        raise translated from error


def _translate(error: stripe.StripeError) -> StripeServiceError:
    """A 409 means that a call with the same key is still running: it may be tried again later."""
    status = error.http_status or 503
    headers = error.headers or {}
    is_replay = headers.get("Idempotent-Replayed") == "true"
    if (status >= 500 and is_replay) or (isinstance(error, stripe.IdempotencyError) and status == 400):
        return BurntKeyError(str(error))
    if status >= 500 or status in (409, 429):
        return StripeUnavailableError(str(error), _read_seconds(headers.get("Retry-After")))
    param: str | None = getattr(error, "param", None)
    return StripeRefusedError(str(error), _read_code(error), param, type(error).__name__)


def _read_code(error: stripe.StripeError) -> str | None:
    """Return Stripe's code; the package leaves that of a refused key out (measured with 16.1.0)."""
    told = error.json_body.get("error") if isinstance(error.json_body, dict) else None
    code = error.code or (told.get("code") if isinstance(told, dict) else None)
    return code if isinstance(code, str) else None


def _read_seconds(text: str | None) -> int | None:
    """Return the seconds of a Retry-After header; None when there is none, or when it names a date."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None

"""Events: Stripe's letters, verified when they come to us, or fetched by their id."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import stripe

from payapp.stripe_service.connection import Connection
from payapp.stripe_types.objects import Event, InvalidEventError, MalformedObjectError

SIGNATURE_TOLERANCE_SECONDS = 300  # Stripe's own default: https://docs.stripe.com/webhooks#replay-attacks


class Events(Connection):
    """Verifying and fetching events."""

    _webhook_secrets: list[str]

    @property
    def receives_events(self) -> bool:
        """Whether a webhook secret is set; without one no event can be verified."""
        return bool(self._webhook_secrets)

    def verify_event(self, payload: bytes, signature: str | None) -> Event:
        """Return the event in `payload` if one of our secrets signed these very bytes within five minutes.

        Raises InvalidEventError for anything else: forged, stale or future-dated, not UTF-8, not JSON, not an event.
        Source: https://docs.stripe.com/webhooks#verify-manually
        """
        try:
            text = payload.decode("utf-8")
            _require_signature(text, signature, self._webhook_secrets)
            return Event.from_payload(text)
        except (stripe.SignatureVerificationError, MalformedObjectError) as error:
            raise InvalidEventError(str(error)) from error
        except (TypeError, ValueError) as error:  # bytes that are no text; a header with other than ASCII characters
            raise InvalidEventError(f"not signed: {type(error).__name__}") from error

    def get_event(self, event_id: str) -> Event:
        """Fetch an event as Stripe keeps it, patiently; its payload is the text of the answer.

        Raises StripeRefusedError when there is none: Stripe keeps events for 30 days.
        Source: https://docs.stripe.com/api/events
        """
        found = self._ask_patiently(partial(self._client.v1.events.retrieve, event_id))
        answer = found.last_response
        if answer is None:
            raise MalformedObjectError("an event without the answer it came in")
        return Event.from_payload(answer.body)


def _require_signature(payload: str, signature: str | None, secrets: list[str]) -> None:
    """Raise unless one of `secrets` signed `payload` with a timestamp within the tolerance, either way."""
    verify: Callable[..., Any] = stripe.WebhookSignature.verify_header
    for position, secret in enumerate(secrets, start=1):
        try:
            verify(payload, signature, secret, SIGNATURE_TOLERANCE_SECONDS)
            break
        except stripe.SignatureVerificationError:
            if position == len(secrets):
                raise
    else:
        raise MalformedObjectError("no webhook secret is set")
    # The package lets a timestamp lie in the future, and be written like +1 or 1_000 (measured with 16.1.0).
    stamp = next(item[2:] for item in (signature or "").split(",") if item.startswith("t="))
    if not stamp.isdecimal() or int(stamp) > time.time() + SIGNATURE_TOLERANCE_SECONDS:
        raise MalformedObjectError("the timestamp is no number, or lies in the future")

"""What crosses the wall: Stripe's objects as our own plain dataclasses, and the errors of stripe_service.

Nothing here imports the stripe package, so the core and the handlers can name these types.
Amounts are minor currency units, moments are aware UTC.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


class StripeServiceError(Exception):
    """Base of everything that can go wrong at the wall."""


class StripeUnavailableError(StripeServiceError):
    """No clear answer: network, time-out, 5xx or 429. Trying again later can help; the effect may have happened."""


class StripeRefusedError(StripeServiceError):
    """Stripe said no (4xx). `code` and `param` are Stripe's own, where it gave them."""

    def __init__(self, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class InvalidEventError(StripeServiceError):
    """The bytes are not an event that Stripe signed for us. Nothing in them may be believed."""


class MalformedObjectError(StripeServiceError):
    """An object of Stripe's lacks what we need of it, or has it in another shape."""


@dataclass(frozen=True)
class CheckoutSession:
    """A Checkout session: `status` open, complete or expired; `payment_status` paid, unpaid or no_payment_required.

    Source: https://docs.stripe.com/api/checkout/sessions/object
    """

    id: str
    mode: str
    status: str
    payment_status: str
    url: str | None
    customer_id: str | None
    client_reference_id: str | None
    amount_total: int | None
    currency: str | None
    livemode: bool
    payment_intent_id: str | None
    expires_at: datetime
    metadata: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_object(cls, source: dict[str, Any]) -> "CheckoutSession":
        """Read Stripe's JSON object. Raises MalformedObjectError when it is not a Checkout session we can read."""
        try:
            if source["object"] != "checkout.session" or not isinstance(source["metadata"] or {}, dict):
                raise MalformedObjectError("not a Checkout session")
            return cls(
                id=_text(source["id"]),
                mode=source["mode"],
                status=_text(source["status"]),
                payment_status=_text(source["payment_status"]),
                url=source.get("url"),
                customer_id=_id_of(source["customer"]),
                client_reference_id=source["client_reference_id"],
                amount_total=source["amount_total"],
                currency=source["currency"],
                livemode=source["livemode"],
                payment_intent_id=_id_of(source["payment_intent"]),
                expires_at=datetime.fromtimestamp(source["expires_at"], UTC),
                metadata=source["metadata"] or {},
            )
        except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise MalformedObjectError(f"this Checkout session can't be read: {error!r}") from error


@dataclass(frozen=True)
class CheckoutRequest:
    """What we ask Stripe to sell: one line, paid once, by one customer."""

    idempotency_key: str
    customer_id: str
    client_reference_id: str
    product_name: str
    unit_amount: int
    currency: str
    price_id: str
    success_url: str
    cancel_url: str
    expires_at: datetime
    metadata: dict[str, str]


@dataclass(frozen=True)
class Price:
    """A price at Stripe, with the lookup key that code and people refer to."""

    id: str
    lookup_key: str
    unit_amount: int | None
    currency: str


@dataclass(frozen=True)
class WebhookEndpoint:
    """An address that Stripe sends events to. `secret` is told only by the call that makes it."""

    id: str
    url: str
    event_types: frozenset[str]
    secret: str | None


@dataclass(frozen=True)
class Event:
    """One verified letter from Stripe. `payload` is the text as it came, `object` the snapshot inside."""

    id: str
    event_type: str
    livemode: bool
    created_at: datetime
    object: dict[str, Any]
    payload: str


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise MalformedObjectError(f"expected a text, not {value!r}")
    return value


def _id_of(value: Any) -> str | None:
    """Return the id of a field that Stripe may expand: an id, an object with one, or null."""
    return value["id"] if isinstance(value, dict) else value

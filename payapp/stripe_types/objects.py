"""What crosses the wall: Stripe's objects as our own plain dataclasses, and the errors of stripe_service.

Nothing here imports the stripe package, so the core and the handlers can name these types.
Amounts are minor currency units, moments are aware UTC.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from payapp.stripe_types.json_reading import (
    TEXT_LENGTH_MAX,
    read_flag,
    read_id_or_none,
    read_json,
    read_metadata,
    read_moment,
    read_object,
    read_text,
    read_text_or_none,
    read_whole_number,
)

# Every object we make at Stripe says which app made it; events of others are left alone.
APP_STAMP = "payapp"

URL_LENGTH_MAX = 5000
EVENT_ID = re.compile(r"evt_\w+", re.ASCII)
EVENT_TYPE = re.compile(r"[a-z0-9_.]+")

Item = TypeVar("Item")


class StripeServiceError(Exception):
    """Base of everything that can go wrong at the wall. `request_id` is Stripe's, where it answered."""

    request_id: str | None = None


class StripeUnavailableError(StripeServiceError):
    """No clear answer: network, time-out, 5xx or 429. Trying again later can help; the effect may have happened.

    `retry_after_seconds` is what Stripe asked for, where it did.
    """

    def __init__(self, message: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class BurntKeyError(StripeUnavailableError):
    """Stripe keeps a failure, or other parameters, under this idempotency key, and will repeat it for a day.

    Sending the same again is of no use; a new key is safe once it is known that the first call made nothing.
    Source: https://docs.stripe.com/api/idempotent_requests
    """


class StripeRefusedError(StripeServiceError):
    """Stripe said no (4xx). `code` and `param` are Stripe's own, where it gave them; `kind` is the package's name."""

    def __init__(
        self, message: str, code: str | None = None, param: str | None = None, kind: str = "StripeError"
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.param = param


class InvalidEventError(StripeServiceError):
    """The bytes are not an event that Stripe signed for us. Nothing in them may be believed."""


class MalformedObjectError(StripeServiceError):
    """An object of Stripe's lacks what we need of it, or has it in another shape."""


@contextmanager
def reading(source: dict[str, Any], kind: str) -> Iterator[None]:
    """Inside, an object of Stripe's is read: what is missing, of another type or of another kind is malformed."""
    try:
        if source["object"] != kind:
            raise ValueError("another kind of object")
        yield
    except (KeyError, ValueError) as error:
        raise MalformedObjectError(f"this {kind} can't be read: {error!r}") from error


@dataclass(frozen=True)
class Page(Generic[Item]):
    """A part of a long list. `unreadable`: the ids of objects that lack what we need of them (a stranger's, say)."""

    items: list[Item]
    unreadable: list[str]


@dataclass(frozen=True)
class CheckoutSession:
    """A Checkout session: `status` open, complete or expired; `payment_status` paid, unpaid or no_payment_required.

    `payment_intent_status` is known only of a session that was fetched together with its payment intent.
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
    payment_intent_status: str | None = None

    @classmethod
    def from_object(cls, source: dict[str, Any]) -> "CheckoutSession":
        """Read Stripe's JSON object. Raises MalformedObjectError when it is not a Checkout session we can read."""
        with reading(source, "checkout.session"):
            return cls(
                id=read_text(source["id"]),
                mode=read_text(source["mode"]),
                status=read_text(source["status"]),
                payment_status=read_text(source["payment_status"]),
                url=read_text_or_none(source.get("url"), URL_LENGTH_MAX),
                customer_id=read_id_or_none(source["customer"]),
                client_reference_id=read_text_or_none(source["client_reference_id"]),
                amount_total=None if source["amount_total"] is None else read_whole_number(source["amount_total"]),
                currency=read_text_or_none(source["currency"]),
                livemode=read_flag(source["livemode"]),
                payment_intent_id=read_id_or_none(source["payment_intent"]),
                expires_at=read_moment(source["expires_at"]),
                metadata=read_metadata(source["metadata"]),
                payment_intent_status=_read_status_or_none(source["payment_intent"]),
            )


@dataclass(frozen=True)
class Price:
    """A price at Stripe, with the lookup key that code and people refer to. Only an active one can be sold."""

    id: str
    lookup_key: str
    unit_amount: int | None
    currency: str
    is_active: bool = True


@dataclass(frozen=True)
class WebhookEndpoint:
    """An address that Stripe sends events to. `secret` is told only by the call that makes it.

    `api_version` decides how its events look, for as long as it lives; None: the account's own, perhaps an old one.
    """

    id: str
    url: str
    event_types: frozenset[str]
    secret: str | None
    api_version: str | None = None


@dataclass(frozen=True)
class Event:
    """One verified letter from Stripe. `payload` is the text as it came, `object` the snapshot inside.

    `is_foreign`: it tells of an account connected to ours (`account`), or of our organization (`context`).
    `api_version` is the one whose shapes it has.
    """

    id: str
    event_type: str
    livemode: bool
    created_at: datetime
    object: dict[str, Any]
    payload: str
    is_foreign: bool = False
    api_version: str | None = None

    @property
    def object_id(self) -> str | None:
        """The id of the object it is about, None where there is none that could be kept."""
        found = self.object.get("id")
        return found if isinstance(found, str) and 1 <= len(found) <= TEXT_LENGTH_MAX else None

    @classmethod
    def from_payload(cls, payload: str) -> "Event":
        """Read a webhook's text. Raises MalformedObjectError when it is not an event that we could keep."""
        try:
            source = read_object(read_json(payload))
            origin = (source.get("account"), source.get("context"))
            return cls(
                id=_matching(EVENT_ID, source["id"]),
                event_type=_matching(EVENT_TYPE, source["type"]),
                livemode=read_flag(source["livemode"]),
                created_at=read_moment(source["created"]),
                object=read_object(read_object(source["data"])["object"]),
                payload=payload,
                is_foreign=origin != (None, None),
                api_version=read_text_or_none(source.get("api_version")),
            )
        except (KeyError, ValueError, RecursionError) as error:
            raise MalformedObjectError(f"not an event: {type(error).__name__}") from error


def _read_status_or_none(value: Any) -> str | None:
    """Return the status of a field that Stripe may expand; None when there is only an id, or nothing."""
    return read_text_or_none(value.get("status")) if isinstance(value, dict) else None


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    text = read_text(value)
    if not pattern.fullmatch(text):
        raise ValueError("not an event's id and type")
    return text

"""The wall: the one module that knows the stripe package.

One method is one call of Stripe's, under Stripe's name for it; our dataclasses come out, and our errors.
It takes its keys as arguments and knows neither Flask nor the database.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import stripe

from payapp.deadline import call_within
from payapp.stripe_objects import (
    APP_STAMP,
    BurntKeyError,
    CheckoutRequest,
    CheckoutSession,
    Event,
    InvalidEventError,
    MalformedObjectError,
    Price,
    StripeRefusedError,
    StripeServiceError,
    StripeUnavailableError,
    WebhookEndpoint,
)

TIMEOUT_SECONDS = (2.0, 4.0)  # connect, read; with one retry an answer within ten seconds, htmx's own limit
RETRIES = 1
QUICK_TIMEOUT_SECONDS = (1.0, 1.5)
QUICK_SECONDS_MAX = 2.0  # all in all: an address with many machines, each tried in turn, takes longer
SIGNATURE_TOLERANCE_SECONDS = 300  # Stripe's own default: https://docs.stripe.com/webhooks#replay-attacks
API_PAGE = 100


class StripeService:
    """Stripe's API for one account. Thread-safe; one per process, because each keeps its connections."""

    def __init__(self, secret_key: str, webhook_secrets: list[str], api_base: str = "") -> None:
        """`api_base` empty means Stripe's own address. `webhook_secrets`: any of them may have signed an event."""
        self.is_livemode = secret_key.startswith(("sk_live_", "rk_live_"))
        self._webhook_secrets = webhook_secrets
        addresses: Any = {"api": api_base} if api_base else None
        self._client = _make_client(secret_key, addresses, TIMEOUT_SECONDS, RETRIES)
        self._quick_client = _make_client(secret_key, addresses, QUICK_TIMEOUT_SECONDS, 0)

    @property
    def receives_events(self) -> bool:
        """Whether a webhook secret is set; without one no event can be verified."""
        return bool(self._webhook_secrets)

    def create_customer(
        self, email: str, user_id: int, user_key: str, idempotency_key: str, *, is_quick: bool = False
    ) -> str:
        """Make a customer for our user and return its id; the same key within 24 h returns the same one.

        `user_key` goes into the metadata, so that find_customer() knows it again. `is_quick` gives up after two
        seconds. Raises StripeUnavailableError (it may exist all the same), BurntKeyError or StripeRefusedError.
        Source: https://docs.stripe.com/api/idempotent_requests
        """
        params: Any = {"email": email, "metadata": {"userId": str(user_id), "userKey": user_key, "app": APP_STAMP}}
        create = partial(self._client_for(is_quick).v1.customers.create, params, {"idempotency_key": idempotency_key})
        with _translated_errors():
            return (call_within(QUICK_SECONDS_MAX, create) if is_quick else create()).id

    def find_customer(self, email: str, user_key: str) -> str | None:
        """Return the id of the customer that create_customer() made with this user key, or None.

        For when Stripe may have forgotten the idempotency key. E-mail narrows the search only: a stranger's
        customer with the same address is never ours.
        """
        with _translated_errors():
            page = self._client.v1.customers.list({"email": email, "limit": API_PAGE})
            for customer in page.auto_paging_iter():
                if customer.metadata and customer.metadata.to_dict().get("userKey") == user_key:
                    return customer.id
        return None

    def create_checkout_session(self, request: CheckoutRequest) -> CheckoutSession:
        """Make a one-time Checkout session; the same idempotency key returns the same one.

        Source: https://docs.stripe.com/api/checkout/sessions/create
        """
        with _translated_errors():
            created = self._client.v1.checkout.sessions.create(
                cast(Any, request.to_params()), {"idempotency_key": request.idempotency_key}
            )
        return CheckoutSession.from_object(created.to_dict())

    def get_checkout_session(self, checkout_session_id: str, *, is_quick: bool = False) -> CheckoutSession:
        """Fetch a Checkout session as it is now. Raises StripeRefusedError when there is none.

        `is_quick` gives up after two seconds.
        """
        fetch = partial(self._client_for(is_quick).v1.checkout.sessions.retrieve, checkout_session_id)
        with _translated_errors():
            found = call_within(QUICK_SECONDS_MAX, fetch) if is_quick else fetch()
        return CheckoutSession.from_object(found.to_dict())

    def expire_checkout_session(self, checkout_session_id: str) -> None:
        """Close an open Checkout session so that nobody can pay it. Raises StripeRefusedError if it is not open."""
        with _translated_errors():
            self._client.v1.checkout.sessions.expire(checkout_session_id)

    def list_prices(self, lookup_keys: list[str]) -> list[Price]:
        """Return the active prices that carry one of these lookup keys (at most one each)."""
        with _translated_errors():
            page = self._client.v1.prices.list({"lookup_keys": lookup_keys, "active": True, "limit": API_PAGE})
        return [_read_price(price) for price in page.data]

    def get_price(self, price_id: str) -> Price:
        """Fetch one price. Raises StripeRefusedError when there is none."""
        with _translated_errors():
            return _read_price(self._client.v1.prices.retrieve(price_id))

    def create_price(
        self, lookup_key: str, product_name: str, unit_amount: int, currency: str, idempotency_key: str
    ) -> Price:
        """Make a product with one price; a price that carried the lookup key before loses it to the new one."""
        with _translated_errors():
            created = self._client.v1.prices.create(
                {
                    "lookup_key": lookup_key,
                    "transfer_lookup_key": True,
                    "unit_amount": unit_amount,
                    "currency": currency,
                    "product_data": {"name": product_name, "metadata": {"app": APP_STAMP}},
                    "metadata": {"app": APP_STAMP},
                },
                {"idempotency_key": idempotency_key},
            )
        return _read_price(created)

    def list_webhook_endpoints(self) -> list[WebhookEndpoint]:
        """Return the account's webhook endpoints, without their secrets."""
        with _translated_errors():
            page = self._client.v1.webhook_endpoints.list({"limit": API_PAGE})
        return [WebhookEndpoint(e.id, e.url, frozenset(e.enabled_events), None) for e in page.data]

    def create_webhook_endpoint(self, url: str, event_types: Iterable[str]) -> WebhookEndpoint:
        """Register `url` for exactly `event_types`; the answer holds the signing secret, told only this once."""
        events: Any = sorted(event_types)
        with _translated_errors():
            made = self._client.v1.webhook_endpoints.create(
                {"url": url, "enabled_events": events, "metadata": {"app": APP_STAMP}}
            )
        return WebhookEndpoint(made.id, made.url, frozenset(made.enabled_events), made.secret)

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

    def _client_for(self, is_quick: bool) -> stripe.StripeClient:
        return self._quick_client if is_quick else self._client


def _read_price(price: stripe.Price) -> Price:
    return Price(price.id, price.lookup_key or "", price.unit_amount, price.currency, price.active)


def _make_client(secret_key: str, addresses: Any, timeout: Any, retries: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        secret_key,
        base_addresses=addresses,
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=timeout),
    )


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Turn the package's errors into ours."""
    try:
        yield
    except TimeoutError as error:
        raise StripeUnavailableError(f"no answer within {QUICK_SECONDS_MAX} s") from error
    except stripe.StripeError as error:
        raise _translate(error) from error


def _translate(error: stripe.StripeError) -> StripeServiceError:
    """A 409 means that a call with the same key is still running: it may be tried again later."""
    status = error.http_status or 503
    is_replay = (error.headers or {}).get("Idempotent-Replayed") == "true"
    if (status >= 500 and is_replay) or (isinstance(error, stripe.IdempotencyError) and status == 400):
        return BurntKeyError(str(error))
    if status >= 500 or status in (409, 429):
        return StripeUnavailableError(str(error))
    param: str | None = getattr(error, "param", None)
    return StripeRefusedError(str(error), error.code, param)


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

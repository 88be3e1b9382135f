"""The wall: the one module that knows the stripe package.

One method is one call of Stripe's, under Stripe's name for it; our dataclasses come out, and our errors.
It takes its keys as arguments and knows neither Flask nor the database.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import stripe

from payapp.stripe_objects import (
    CheckoutRequest,
    CheckoutSession,
    Event,
    InvalidEventError,
    MalformedObjectError,
    Price,
    StripeRefusedError,
    StripeUnavailableError,
    WebhookEndpoint,
)

APP_STAMP = "payapp"
TIMEOUT_SECONDS = 10.0
QUICK_TIMEOUT_SECONDS = (1.0, 1.5)  # connect, read: a page that must answer waits no longer
SIGNATURE_TOLERANCE_SECONDS = 300  # Stripe's own default: https://docs.stripe.com/webhooks#replay-attacks
API_PAGE = 100


class StripeService:
    """Stripe's API for one account. Thread-safe; one per process, because each keeps its connections."""

    def __init__(self, secret_key: str, webhook_secrets: list[str], api_base: str = "") -> None:
        """`api_base` empty means Stripe's own address. `webhook_secrets`: any of them may have signed an event."""
        self.is_livemode = secret_key.startswith(("sk_live_", "rk_live_"))
        self._webhook_secrets = webhook_secrets
        addresses: Any = {"api": api_base} if api_base else None
        self._client = _make_client(secret_key, addresses, TIMEOUT_SECONDS, retries=2)
        self._quick_client = _make_client(secret_key, addresses, QUICK_TIMEOUT_SECONDS, retries=0)

    @property
    def receives_events(self) -> bool:
        """Whether a webhook secret is set; without one no event can be verified."""
        return bool(self._webhook_secrets)

    def create_customer(self, email: str, user_id: int, idempotency_key: str, *, is_quick: bool = False) -> str:
        """Make a customer for our user and return its id; the same key within 24 h returns the same one.

        `is_quick` gives up after about two seconds. Raises StripeUnavailableError (it may exist all the same)
        or StripeRefusedError. Source: https://docs.stripe.com/api/idempotent_requests
        """
        client = self._quick_client if is_quick else self._client
        metadata = {"userId": str(user_id), "userKey": idempotency_key, "app": APP_STAMP}
        with _translated_errors():
            customer = client.v1.customers.create(
                {"email": email, "metadata": metadata}, {"idempotency_key": idempotency_key}
            )
        return customer.id

    def find_customer(self, email: str, idempotency_key: str) -> str | None:
        """Return the id of the customer that create_customer() made with this key, or None.

        For when Stripe may have forgotten the key. E-mail narrows the search only: a stranger's customer
        with the same address is never ours.
        """
        with _translated_errors():
            page = self._client.v1.customers.list({"email": email, "limit": API_PAGE})
            for customer in page.auto_paging_iter():
                if (customer.metadata or {}).to_dict().get("userKey") == idempotency_key:
                    return customer.id
        return None

    def create_checkout_session(self, request: CheckoutRequest) -> CheckoutSession:
        """Make a one-time Checkout session; the same idempotency key returns the same one.

        Source: https://docs.stripe.com/api/checkout/sessions/create
        """
        with _translated_errors():
            created = self._client.v1.checkout.sessions.create(
                _checkout_params(request), {"idempotency_key": request.idempotency_key}
            )
        return CheckoutSession.from_object(created.to_dict())

    def get_checkout_session(self, checkout_session_id: str, *, is_quick: bool = False) -> CheckoutSession:
        """Fetch a Checkout session as it is now. Raises StripeRefusedError when there is none.

        `is_quick` gives up after about two seconds.
        """
        client = self._quick_client if is_quick else self._client
        with _translated_errors():
            found = client.v1.checkout.sessions.retrieve(checkout_session_id)
        return CheckoutSession.from_object(found.to_dict())

    def expire_checkout_session(self, checkout_session_id: str) -> None:
        """Close an open Checkout session so that nobody can pay it. Raises StripeRefusedError if it is not open."""
        with _translated_errors():
            self._client.v1.checkout.sessions.expire(checkout_session_id)

    def list_prices(self, lookup_keys: list[str]) -> list[Price]:
        """Return the active prices that carry one of these lookup keys (at most one each)."""
        with _translated_errors():
            page = self._client.v1.prices.list({"lookup_keys": lookup_keys, "active": True, "limit": API_PAGE})
        return [Price(p.id, p.lookup_key or "", p.unit_amount, p.currency) for p in page.data]

    def create_price(self, lookup_key: str, product_name: str, unit_amount: int, currency: str) -> Price:
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
                }
            )
        return Price(created.id, lookup_key, created.unit_amount, created.currency)

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
            return _read_event(json.loads(text), text)
        except (stripe.SignatureVerificationError, MalformedObjectError) as error:
            raise InvalidEventError(str(error)) from error
        except (TypeError, ValueError, KeyError, OverflowError, OSError, RecursionError) as error:
            raise InvalidEventError(f"not an event: {type(error).__name__}") from error


def _make_client(secret_key: str, addresses: Any, timeout: Any, retries: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        secret_key,
        base_addresses=addresses,
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=timeout),
    )


def _checkout_params(request: CheckoutRequest) -> Any:
    """Return the request as Stripe wants it: the price by id where there is one, else described inline."""
    line: dict[str, Any] = {"quantity": 1}
    if request.price_id:
        line["price"] = request.price_id
    else:
        line["price_data"] = {
            "currency": request.currency,
            "unit_amount": request.unit_amount,
            "product_data": {"name": request.product_name},
        }
    metadata = request.metadata | {"app": APP_STAMP}
    return {
        "mode": "payment",
        "customer": request.customer_id,
        "client_reference_id": request.client_reference_id,
        "line_items": [line],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "expires_at": int(request.expires_at.timestamp()),
    }


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Turn the package's errors into ours. A 409 (the same key is still running) may be tried again later."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise StripeUnavailableError(str(error)) from error
    except stripe.StripeError as error:
        status = error.http_status or 500
        if status >= 500 or status == 409:
            raise StripeUnavailableError(str(error)) from error
        param: str | None = getattr(error, "param", None)
        raise StripeRefusedError(str(error), error.code, param) from error


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
    # The package lets a timestamp lie in the future (measured with 16.1.0).
    stamp = re.search(r"(?:^|,)t=(\d+)", signature or "")
    if stamp is None or int(stamp[1]) > time.time() + SIGNATURE_TOLERANCE_SECONDS:
        raise MalformedObjectError("the timestamp lies in the future")


def _read_event(source: dict[str, Any], payload: str) -> Event:
    if "\\u" in payload:
        _require_storable(source)
    event_id, event_type, snapshot = source["id"], source["type"], source["data"]["object"]
    if not re.fullmatch(r"evt_\w{1,200}", event_id, re.ASCII) or not re.fullmatch(
        r"[a-z0-9_.]{1,200}", event_type, re.ASCII
    ):
        raise MalformedObjectError("not an event's id and type")
    if not isinstance(snapshot, dict) or not isinstance(source["livemode"], bool):
        raise MalformedObjectError("an event holds an object and a livemode")
    created_at = datetime.fromtimestamp(source["created"], UTC)
    return Event(event_id, event_type, source["livemode"], created_at, snapshot, payload)


def _require_storable(source: dict[str, Any]) -> None:
    """Refuse escaped lone surrogates and NULs: no database can hold them."""
    rendered = json.dumps(source, ensure_ascii=False)
    if b"\\u0000" in rendered.encode("utf-8"):
        raise MalformedObjectError("the event holds a NUL character")

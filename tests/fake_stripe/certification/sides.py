"""The two sides that must agree: the stand-in, and Stripe's own test mode when a key for it is at hand.

STRIPE_TEST_KEY   sk_test_… or rk_test_… of an account that may be filled with test objects; live keys are refused
STRIPE_TEST_BASE  another address than Stripe's, to try this half of the proofs themselves

Stripe allows 25 requests a second in test mode (https://docs.stripe.com/rate-limits), counted by account: each process
of a test run keeps to 8, so that two side by side, as `make test` starts them, stay below.
"""

import json
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import uuid4

import pytest
import stripe

from tests.fake_stripe.processes import StandInProcess

REQUESTS_PER_SECOND = 8
RETRIES = 3
NO_KEY = "STRIPE_TEST_KEY is not set: not compared with Stripe's own test mode"


@dataclass
class Side:
    """One of the two, and what tests need on it. `stand_in` is None on Stripe's, which has no control calls."""

    client: stripe.StripeClient
    stand_in: StandInProcess | None = None
    mark: str = field(default_factory=lambda: uuid4().hex[:12])

    @property
    def v1(self) -> Any:
        """The SDK's services; untyped, because tests send what the types forbid."""
        return self.client.v1

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Return the JSON of an answer as it came."""
        body: dict[str, Any] = json.loads(self.client.raw_request("get", path, **params).body)
        return body

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Give the stand-in an order; the test is skipped on Stripe's side, where there is nobody to order."""
        if self.stand_in is None:
            pytest.skip("Stripe has no control calls")
        return self.stand_in.control(method, path, body)

    def wait_for(self, ask: Any, seconds: float = 60) -> Any:
        """Return the first true answer: Stripe does some things a moment later, and so does the stand-in."""
        end, pause = time.monotonic() + seconds, 0.05 if self.stand_in else 1.0
        while not (answer := ask()):
            assert time.monotonic() < end, f"not true within {seconds} s"
            time.sleep(pause)
        return answer

    @cached_property
    def customer(self) -> str:
        """A customer for all tests that change nothing about it."""
        return str(self.v1.customers.create({"email": "certification@example.com"}).id)

    @cached_property
    def price(self) -> str:
        """A price of 9.00 dollars."""
        params = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Certification"}}
        return str(self.v1.prices.create(params).id)

    @cached_property
    def coupon(self) -> str:
        """A coupon of 25 per cent."""
        return str(self.v1.coupons.create({"percent_off": 25, "duration": "once"}).id)

    def card(self, token: str = "tok_visa") -> str:
        """Return a new payment method, nobody's yet."""
        return str(self.v1.payment_methods.create({"type": "card", "card": {"token": token}}).id)

    def saved_card(self, token: str = "tok_visa", customer: str | None = None) -> str:
        """Return a new payment method of a customer."""
        return str(self.v1.payment_methods.attach(self.card(token), {"customer": customer or self.customer}).id)

    def session(self, **changes: Any) -> Any:
        """Open a Checkout session."""
        line = {"price": self.price, "quantity": 1}
        params = {"mode": "payment", "line_items": [line], "success_url": "https://example.com/done"}
        return self.v1.checkout.sessions.create(params | changes)

    def intent(self, **changes: Any) -> Any:
        """Make a payment intent for cards."""
        automatic = {"enabled": True, "allow_redirects": "never"}
        params = {"amount": 2000, "currency": "usd", "automatic_payment_methods": automatic}
        return self.v1.payment_intents.create(params | changes)

    def payment(self, token: str = "tok_visa", **changes: Any) -> Any:
        """Take a payment with a new card and return its intent."""
        return self.intent(payment_method=self.card(token), confirm=True, **changes)

    def dispute(self, token: str = "tok_createDispute") -> Any:
        """Take a payment that is disputed, and return the dispute."""
        intent = self.payment(token).id
        return self.wait_for(lambda: self.v1.disputes.list({"payment_intent": intent}).data)[0]


class PacedClient(stripe.RequestsClient):
    """Keeps to a number of requests a second, and remembers what was made, to remove it afterwards."""

    def __init__(self) -> None:
        super().__init__(timeout=30)
        self.made: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._next = 0.0

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **options: Any) -> Any:
        """Wait for our turn, then ask."""
        with self._lock:
            pause = self._next - time.monotonic()
            self._next = max(self._next, time.monotonic()) + 1 / REQUESTS_PER_SECOND
        time.sleep(max(pause, 0))
        content, status, answer_headers = super().request(method, url, headers, post_data, **options)
        if method == "post" and status == 200:
            body = json.loads(content)
            self.made.append((body["object"], body["id"]))
        return content, status, answer_headers


def read_test_key() -> str | None:
    """Return STRIPE_TEST_KEY, None when it is not set. Raises ValueError for anything but a key of the test mode."""
    key = os.environ.get("STRIPE_TEST_KEY")
    if key and not key.startswith(("sk_test_", "rk_test_")):
        raise ValueError("STRIPE_TEST_KEY is no key of Stripe's test mode: only sk_test_… and rk_test_… are taken")
    return key or None


def connect_to_stripe(key: str) -> tuple[Side, PacedClient]:
    """Return Stripe's own side, and its connection."""
    paced = PacedClient()
    base: Any = {"api": os.environ["STRIPE_TEST_BASE"]} if os.environ.get("STRIPE_TEST_BASE") else None
    client = stripe.StripeClient(key, base_addresses=base, http_client=paced, max_network_retries=RETRIES)
    return Side(client), paced


def clean_up(side: Side, paced: PacedClient) -> None:
    """Delete or switch off what was made, as far as Stripe lets anybody: payments, refunds and disputes stay."""
    for kind, object_id in dict.fromkeys(paced.made):
        remove = REMOVALS.get(kind)
        if remove:
            with suppress(stripe.InvalidRequestError):  # a test has removed it already
                remove(side.v1, object_id)


REMOVALS: dict[str, Any] = {
    "customer": lambda v1, i: v1.customers.delete(i),
    "coupon": lambda v1, i: v1.coupons.delete(i),
    "price": lambda v1, i: v1.products.update(v1.prices.update(i, {"active": False}).product, {"active": False}),
    "product": lambda v1, i: v1.products.update(i, {"active": False}),
    "promotion_code": lambda v1, i: v1.promotion_codes.update(i, {"active": False}),
    "webhook_endpoint": lambda v1, i: v1.webhook_endpoints.delete(i),
    "checkout.session": lambda v1, i: v1.checkout.sessions.expire(i),
}

"""How each method of the wall is made to send what it sends, odd inputs included: one line a case."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from payapp.database.clock import utc_now
from payapp.stripe_service import StripeService
from payapp.stripe_types.requests import CheckoutRequest
from payapp.webhooks.handlers import HANDLERS
from tests.fake_stripe.certification.sides import Side


@dataclass
class Wall:
    """payapp's wall on a stand-in, and objects there. Keys are fresh, because Stripe remembers them."""

    service: StripeService
    side: Side
    numbers: Iterator[int] = field(default_factory=count)

    def key(self) -> str:
        return f"certification:{self.side.mark}:{next(self.numbers)}"

    def request(self, **changes: Any) -> CheckoutRequest:
        """Return what billing/checkout.py asks for."""
        fields: dict[str, Any] = {
            "idempotency_key": self.key(),
            "customer_id": self.side.customer,
            "client_reference_id": "41",
            "product_name": "Growth: 500 credits",
            "unit_amount": 3900,
            "currency": "usd",
            "price_id": "",
            "success_url": "http://localhost:8000/dashboard/credits?success=true&session_id={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://localhost:8000/dashboard/credits?canceled=true",
            "expires_at": datetime.now(UTC) + timedelta(hours=12),
            "metadata": {"userId": "7", "credits": "500", "packageId": "growth", "purchaseId": "41"},
        }
        return CheckoutRequest(**fields | changes)

    def open_session(self) -> str:
        return str(self.side.session().id)

    def payment(self) -> str:
        return str(self.side.payment().id)

    def event(self) -> str:
        """Return the id of an event."""
        return str(self.side.v1.events.list({"limit": 1}).data[0].id)

    def refund(self, payment_intent_id: str, key: str) -> Any:
        return self.service.create_refund(payment_intent_id, 900, idempotency_key=key)

    def made_refund(self) -> str:
        return str(self.side.v1.refunds.create({"payment_intent": self.payment()}).id)


# What must be there before, made outside the log of requests; then the call.
Case = tuple[Callable[[Wall], Any], Callable[[Wall, Any], Any]]

LONG_EMAIL = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example.com"
UNICODE = "Größe 🚀 «500» クレジット & more = 100 %; [a] + ?"
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


def nothing(_wall: Wall) -> None:
    """Some calls need nothing before."""


CASES: dict[str, list[Case]] = {
    "create_customer": [
        (nothing, lambda w, _: w.service.create_customer("ada@example.com", 7, "customer:7", w.key())),
        (nothing, lambda w, _: w.service.create_customer(LONG_EMAIL, 2**63, "customer:" + "9" * 200, w.key())),
        (nothing, lambda w, _: w.service.create_customer("", 7, "k", w.key(), is_quick=True)),
    ],
    "find_customer": [
        (nothing, lambda w, _: w.service.find_customer("ada@example.com", "customer:7", utc_now())),
        (nothing, lambda w, _: w.service.find_customer("a+b&c=d@example.com", "nobody", utc_now())),
        (nothing, lambda w, _: w.service.find_customer("", "nobody", utc_now())),
    ],
    "update_customer_email": [
        (
            lambda w: w.side.v1.customers.create({}).id,
            lambda w, one: w.service.update_customer_email(one, LONG_EMAIL, idempotency_key=w.key()),
        ),
    ],
    "delete_customer": [
        (lambda w: w.side.v1.customers.create({}).id, lambda w, one: w.service.delete_customer(one)),
        (lambda w: w.side.v1.customers.create({}).id, lambda w, one: w.service.delete_customer(one, is_quick=True)),
    ],
    "create_checkout_session": [
        (nothing, lambda w, _: w.service.create_checkout_session(w.request())),
        (lambda w: w.side.price, lambda w, one: w.service.create_checkout_session(w.request(price_id=one))),
        (nothing, lambda w, _: w.service.create_checkout_session(w.request(product_name=UNICODE, currency="eur"))),
        (nothing, lambda w, _: w.service.create_checkout_session(w.request(metadata={"note": UNICODE * 8}))),
        (nothing, lambda w, _: w.service.create_checkout_session(w.request(unit_amount=99_999_999))),
    ],
    "get_checkout_session": [
        (Wall.open_session, lambda w, one: w.service.get_checkout_session(one)),
        (Wall.open_session, lambda w, one: w.service.get_checkout_session(one, is_quick=True)),
        (Wall.open_session, lambda w, one: w.service.get_checkout_session(one, with_payment=True)),
    ],
    "expire_checkout_session": [(Wall.open_session, lambda w, one: w.service.expire_checkout_session(one))],
    "list_checkout_sessions": [
        (nothing, lambda w, _: w.service.list_checkout_sessions()),
        (nothing, lambda w, _: w.service.list_checkout_sessions(YESTERDAY)),
    ],
    "list_prices": [
        (nothing, lambda w, _: w.service.list_prices(["starter", "growth", "pro"])),
        (nothing, lambda w, _: w.service.list_prices([UNICODE])),
    ],
    "get_price": [(lambda w: w.side.price, lambda w, one: w.service.get_price(one))],
    "create_price": [
        (nothing, lambda w, _: w.service.create_price(f"a{w.side.mark}", "Starter", 900, "usd", w.key())),
        (nothing, lambda w, _: w.service.create_price(f"b{w.side.mark}", UNICODE, 50_000, "jpy", w.key())),
    ],
    "create_refund": [(Wall.payment, lambda w, one: w.refund(one, w.key()))],
    "find_refund": [(Wall.payment, lambda w, one: w.service.find_refund(one, "nobody's key"))],
    "get_refund": [(Wall.made_refund, lambda w, one: w.service.get_refund(one))],
    "list_refunds": [
        (nothing, lambda w, _: w.service.list_refunds()),
        (nothing, lambda w, _: w.service.list_refunds(YESTERDAY)),
    ],
    "get_dispute": [(lambda w: w.side.dispute().id, lambda w, one: w.service.get_dispute(one))],
    "list_disputes": [
        (nothing, lambda w, _: w.service.list_disputes()),
        (nothing, lambda w, _: w.service.list_disputes(YESTERDAY)),
    ],
    "get_event": [(Wall.event, lambda w, one: w.service.get_event(one))],
    "list_webhook_endpoints": [(nothing, lambda w, _: w.service.list_webhook_endpoints())],
    "create_webhook_endpoint": [
        (nothing, lambda w, _: w.service.create_webhook_endpoint("http://127.0.0.1:9/webhooks/stripe", HANDLERS)),
    ],
    "update_webhook_endpoint": [
        (
            lambda w: w.service.create_webhook_endpoint("http://127.0.0.1:9/old", ["charge.refunded"]).id,
            lambda w, one: w.service.update_webhook_endpoint(one, HANDLERS),
        ),
    ],
}

SENDS_NOTHING = {"verify_event"}

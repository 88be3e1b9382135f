"""A Checkout that tests ask for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import CheckoutSession
from payapp.stripe_types.requests import CheckoutRequest
from tests.stand_in import StandIn


def build_request(stripe: StandIn, **changed: Any) -> CheckoutRequest:
    request = CheckoutRequest(
        idempotency_key=uuid4().hex,
        customer_id=stripe.post("/v1/customers", email="ada@example.com")["id"],
        client_reference_id="41",
        product_name="Growth: 500 credits",
        unit_amount=3900,
        currency="usd",
        price_id="",
        success_url="https://app.example.com/?session_id={CHECKOUT_SESSION_ID}",
        cancel_url="https://app.example.com/",
        expires_at=datetime.now(UTC) + timedelta(hours=12),
        metadata={"purchaseId": "41"},
    )
    return replace(request, **changed)


def pay_for(stripe: StandIn, service: StripeService) -> CheckoutSession:
    """Return a Checkout session that somebody has paid."""
    made = service.create_checkout_session(build_request(stripe))
    stripe.pay(made.id)
    return service.get_checkout_session(made.id)

"""Rows and objects that tests begin with. Everything has a working default; a test names only what it is about."""

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any

import stripe
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.models import Purchase
from payapp.billing.packages import get_package
from payapp.database.clock import utc_now
from payapp.ledger.posting import grant
from tests.processes import WEBHOOK_SECRET

_numbers = count(1)


def make_user(session: Session, *, credits: int = 0, **fields: Any) -> User:
    """Insert and commit a user; `credits` are granted through the ledger."""
    number = next(_numbers)
    values = {
        "email": f"user{number}@example.com",
        "password_hash": "none",
        "stripe_customer_id": f"cus_test{number}",
    } | fields
    if values["stripe_customer_id"]:
        values.setdefault("stripe_customer_email", values["email"])
    user = User(**values)
    session.add(user)
    session.flush()
    if credits:
        grant(session, user.id, credits, idempotency_key=f"test:{number}")
    session.commit()
    return user


def make_purchase(session: Session, user: User, package_id: str = "growth", **fields: Any) -> Purchase:
    """Insert and commit a pending purchase of `user` with a Checkout session id."""
    package = get_package(package_id)
    values = {
        "user_id": user.id,
        "package_id": package.id,
        "credits": package.credits,
        "amount_total": package.unit_amount,
        "currency": package.currency,
        "livemode": False,
        "stripe_customer_id": user.stripe_customer_id,
        "stripe_checkout_session_id": f"cs_test_{next(_numbers)}",
        "checkout_expires_at": utc_now() + timedelta(hours=12),
    } | fields
    purchase = Purchase(**values)
    session.add(purchase)
    session.commit()
    return purchase


def checkout_session_object(purchase: Purchase, **fields: Any) -> dict[str, Any]:
    """Return the Checkout session of `purchase` as Stripe's JSON, paid unless `fields` say otherwise."""
    return {
        "id": purchase.stripe_checkout_session_id,
        "object": "checkout.session",
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "url": None,
        "customer": purchase.stripe_customer_id,
        "client_reference_id": str(purchase.id),
        "amount_total": purchase.amount_total,
        "currency": purchase.currency,
        "livemode": purchase.livemode,
        "payment_intent": f"pi_test_{purchase.id}",
        "expires_at": int(time.time()) + 3600,
        "metadata": {
            "userId": str(purchase.user_id),
            "credits": str(purchase.credits),
            "packageId": purchase.package_id,
            "purchaseId": str(purchase.id),
            "app": "payapp",
        },
    } | fields


def refund_object(purchase: Purchase, refund_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return a refund of the whole purchase as Stripe's JSON, succeeded unless `fields` say otherwise."""
    return {
        "id": refund_id or f"re_test_{purchase.id}",
        "object": "refund",
        "amount": purchase.amount_total,
        "currency": purchase.currency,
        "status": "succeeded",
        "payment_intent": f"pi_test_{purchase.id}",
        "charge": f"ch_test_{purchase.id}",
        "created": int(time.time()),
        "metadata": {},
    } | fields


def charge_object(purchase: Purchase, amount_refunded: int, **fields: Any) -> dict[str, Any]:
    """Return the purchase's charge as Stripe's JSON, refunded to that amount."""
    return {
        "id": f"ch_test_{purchase.id}",
        "object": "charge",
        "amount": purchase.amount_total,
        "amount_refunded": amount_refunded,
        "currency": purchase.currency,
        "payment_intent": f"pi_test_{purchase.id}",
        "livemode": purchase.livemode,
    } | fields


def dispute_object(
    purchase: Purchase, status: str = "needs_response", *, reinstated: int = 0, **fields: Any
) -> dict[str, Any]:
    """Return a dispute about the whole purchase as Stripe's JSON, with the movements of money that belong to it."""
    amount = fields.get("amount", purchase.amount_total)
    has_taken = not status.startswith(("warning", "prevented"))
    back = amount if status == "won" else reinstated
    movements = [{"amount": -amount}] * has_taken + [{"amount": back}] * bool(back)
    return {
        "id": f"dp_test_{purchase.id}",
        "object": "dispute",
        "amount": amount,
        "balance_transactions": movements,
        "currency": purchase.currency,
        "status": status,
        "reason": "fraudulent",
        "payment_intent": f"pi_test_{purchase.id}",
        "charge": f"ch_test_{purchase.id}",
        "livemode": purchase.livemode,
        "created": int(time.time()),
    } | fields


def event_payload(event_type: str, snapshot: Mapping[str, Any], **fields: Any) -> str:
    """Return an event as Stripe renders it: indented JSON with a snapshot of the object."""
    event = {
        "id": f"evt_test{next(_numbers)}",
        "object": "event",
        "api_version": "2026-01-01",
        "created": int(time.time()),
        "livemode": False,
        "type": event_type,
        "data": {"object": snapshot},
    } | fields
    return json.dumps(event, indent=2)


def signature_of(payload: str, secret: str = WEBHOOK_SECRET, timestamp: int | None = None) -> str:
    """Return the Stripe-Signature header that Stripe would send with `payload`."""
    sign: Any = stripe.WebhookSignature.generate_signature_header
    header: str = sign(payload, secret, timestamp or int(time.time()))
    return header

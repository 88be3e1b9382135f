"""Delivering signed events as Stripe does, and reading what became of them."""

from typing import Any

import requests
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.billing.models import Purchase
from payapp.ledger.models import LedgerEntry
from payapp.webhooks.models import StripeEvent
from tests.factories import checkout_session_object, event_payload, signature_of
from tests.processes import WEBHOOK_SECRET

COMPLETED = "checkout.session.completed"
SUCCEEDED = "checkout.session.async_payment_succeeded"
FAILED = "checkout.session.async_payment_failed"
EXPIRED = "checkout.session.expired"


def event_about(purchase: Purchase, event_type: str = COMPLETED, *, event_id: str | None = None, **fields: Any) -> str:
    """Return an event about the purchase's Checkout session, which is paid unless `fields` say otherwise."""
    identity = {"id": event_id} if event_id else {}
    return event_payload(event_type, checkout_session_object(purchase, **fields), **identity)


def deliver(
    client: FlaskClient, payload: str, *, secret: str = WEBHOOK_SECRET, timestamp: int | None = None
) -> TestResponse:
    return post(client, payload.encode(), signature_of(payload, secret, timestamp))


def post(client: FlaskClient, body: bytes, signature: str | None) -> TestResponse:
    """Send bytes under a Stripe-Signature header, or under none."""
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return client.post("/webhooks/stripe", data=body, headers=headers, content_type="application/json")


def deliver_over_http(url: str, payload: str, **headers: str) -> int:
    """Deliver to a real server; return the status."""
    signed = {"Stripe-Signature": signature_of(payload), "Content-Type": "application/json", **headers}
    return requests.post(f"{url}/webhooks/stripe", data=payload.encode(), headers=signed, timeout=60).status_code


def list_events(session: Session) -> list[StripeEvent]:
    """Return every event that was kept, as it is now, oldest first."""
    session.rollback()
    return list(session.scalars(select(StripeEvent).order_by(StripeEvent.id)))


def get_only_event(session: Session) -> StripeEvent:
    (event,) = list_events(session)
    return event


def count_of_events(session: Session) -> int:
    session.rollback()
    return session.scalars(select(func.count()).select_from(StripeEvent)).one()


def grants_of(session: Session, purchase: Purchase) -> int:
    """Return how many ledger entries the purchase has caused; one is right."""
    session.rollback()
    key = f"purchase:{purchase.id}"
    return session.scalars(
        select(func.count()).select_from(LedgerEntry).where(LedgerEntry.idempotency_key == key)
    ).one()

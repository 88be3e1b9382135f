"""POST /webhooks/stripe: verify, record, grant, commit."""

import hashlib
import hmac
import json
import os
from datetime import UTC, datetime

from flask import Blueprint, request

from bench.baseline.database import database, fetch, post_entry

blueprint = Blueprint("webhooks", __name__)
webhook_secret = os.environ["STRIPE_WEBHOOK_SECRET"].encode()

INSERT_EVENT = """
    INSERT INTO stripe_events (stripe_event_id, event_type, stripe_object_id, payload, status, attempts, created_at,
                               received_at, processed_at)
    VALUES (%s, %s, %s, %s, 'processed', 1, %s, %s, %s)
    ON CONFLICT (stripe_event_id) DO UPDATE
    SET status = 'processed', attempts = stripe_events.attempts + 1, last_error = NULL,
        processed_at = excluded.processed_at
    WHERE stripe_events.status IN ('received', 'failed')
    RETURNING id"""
FIND_PURCHASE = """
    SELECT id, user_id, package_id, credits, amount_total, currency, livemode, status, stripe_customer_id,
           stripe_checkout_key, stripe_checkout_session_id, stripe_payment_intent_id, checkout_expires_at, created_at,
           completed_at, fulfilled_at, pg_advisory_xact_lock(hashtextextended(%s, 0))
    FROM purchases WHERE stripe_checkout_session_id = %s"""
FULFILL_PURCHASE = """
    UPDATE purchases
    SET status = 'fulfilled', fulfilled_at = %s, completed_at = coalesce(completed_at, %s),
        stripe_payment_intent_id = %s
    WHERE id = %s AND status <> 'fulfilled'
    RETURNING *, EXISTS (SELECT FROM refunds WHERE stripe_payment_intent_id = %s)
      OR EXISTS (SELECT FROM disputes WHERE stripe_payment_intent_id = %s)
      OR EXISTS (SELECT FROM charges WHERE stripe_payment_intent_id = %s)"""


@blueprint.post("/webhooks/stripe")
def receive_event() -> tuple[str, int]:
    payload = request.get_data()
    signature = dict(part.split("=") for part in request.headers["Stripe-Signature"].split(","))
    signed = hmac.new(webhook_secret, signature["t"].encode() + b"." + payload, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signed, signature["v1"]):
        return "not signed", 400
    event = json.loads(payload)
    checkout = event["data"]["object"]
    now = datetime.now(UTC)
    created_at = datetime.fromtimestamp(event["created"], UTC)
    payment = checkout["payment_intent"]
    if fetch(INSERT_EVENT, (event["id"], event["type"], checkout["id"], payload.decode(), created_at, now, now)):
        purchase_id, user_id, _, credits, *_ = fetch(FIND_PURCHASE, (payment, checkout["id"]))
        if fetch(FULFILL_PURCHASE, (now, now, payment, purchase_id, payment, payment, payment)):
            post_entry(user_id, credits, 0, "grant", "paid", f"purchase:{purchase_id}", "Credit package")
    database().commit()
    return "processed\n", 200

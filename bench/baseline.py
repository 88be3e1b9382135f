"""The yardstick: the smallest Flask and psycopg app that runs the same SQL as payapp, on the same tables.

It verifies the signature, and login cookie and CSRF token too, then sends the statements that payapp sends, in the
same transactions, over one open connection a thread, with psycopg's own defaults. It has no forms, no templates, no
security headers, no rate limits, asks none of payapp's questions about what it reads, and draws no QR code.
"""

import hashlib
import hmac
import json
import os
import threading
from datetime import UTC, datetime
from typing import Any

import psycopg
from flask import Flask, request, session
from itsdangerous import URLSafeTimedSerializer

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]  # payapp's own, so that payapp's login cookies are good here too
csrf_tokens = URLSafeTimedSerializer(os.environ["SECRET_KEY"], salt="wtf-csrf-token")
webhook_secret = os.environ["STRIPE_WEBHOOK_SECRET"].encode()
threads = threading.local()

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
CHANGE_ACCOUNT = """
    UPDATE users SET credits = credits + %s, credits_held = credits_held + %s WHERE id = %s RETURNING credits"""
INSERT_ENTRY = """
    INSERT INTO ledger_entries (user_id, amount, balance_after, entry_type, category, idempotency_key,
                                corrects_entry_id, note, created_at)
    SELECT %(user_id)s, %(amount)s, %(balance_after)s, %(entry_type)s, %(category)s, %(key)s::varchar,
           NULL, %(note)s, %(now)s
    WHERE NOT EXISTS (SELECT 1 FROM ledger_entries WHERE idempotency_key = %(key)s::varchar)
    ON CONFLICT DO NOTHING RETURNING id"""
FIND_USER = """
    SELECT id, email, password_hash, credits, credits_held, stripe_customer_id, stripe_customer_key,
           stripe_customer_email, stripe_customer_requested_at, created_at
    FROM users WHERE id = %s"""
SET_ASIDE = """
    UPDATE users SET credits_held = credits_held + %s
    WHERE id = %s AND credits - credits_held >= %s RETURNING id"""
INSERT_HOLD = """
    INSERT INTO holds (user_id, amount, status, feature, note, expires_at, created_at)
    VALUES (%s, %s, 'open', %s, %s, clock_timestamp() + interval '900 seconds', %s) RETURNING id, expires_at"""
CAPTURE_HOLD = """
    UPDATE holds SET captured_amount = amount, status = 'captured', ended_at = %s
    WHERE id = %s AND status = 'open' AND expires_at > clock_timestamp()
    RETURNING user_id, amount, captured_amount, feature, note"""
READ_BALANCE = "SELECT credits, credits_held FROM users WHERE id = %s"


def database() -> psycopg.Connection[Any]:
    """Return this thread's connection, opened once."""
    if not hasattr(threads, "connection"):
        threads.connection = psycopg.connect(os.environ["DATABASE_URL"])
    connection: psycopg.Connection[Any] = threads.connection
    return connection


def fetch(statement: str, values: Any) -> Any:
    """Run one statement and return its row."""
    return database().execute(statement, values).fetchone()


@app.get("/readyz")
def show_readiness() -> str:
    return "ready"


@app.post("/webhooks/stripe")
def receive_event() -> tuple[str, int]:
    """Verify, record, grant, commit."""
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
        fulfilled = (now, now, payment, purchase_id, payment, payment, payment)
        if fetch(FULFILL_PURCHASE, fulfilled):
            post_entry(user_id, credits, 0, "grant", "paid", f"purchase:{purchase_id}", "Credit package")
    database().commit()
    return "processed\n", 200


def post_entry(
    user_id: int, amount: int, held: int, entry_type: str, category: str | None, key: str, note: str
) -> None:
    """Change the account, write the entry that says so."""
    (balance_after,) = fetch(CHANGE_ACCOUNT, (amount, held, user_id))
    entry = {"user_id": user_id, "amount": amount, "balance_after": balance_after, "entry_type": entry_type}
    fetch(INSERT_ENTRY, entry | {"category": category, "key": key, "note": note, "now": datetime.now(UTC)})


@app.post("/features/qr-codes")
def use_feature() -> tuple[str, int]:
    """Check login and token, hold, commit, capture, commit, show the balance."""
    user = fetch(FIND_USER, (session["_user_id"],))
    if csrf_tokens.loads(request.form["csrf_token"]) != session["csrf_token"]:
        return "wrong token", 400
    if not fetch(SET_ASIDE, (1, user[0], 1)):
        database().rollback()
        return "not enough credits", 402
    hold_id, _ = fetch(INSERT_HOLD, (user[0], 1, "qr-code", "QR code", datetime.now(UTC)))
    database().commit()
    user_id, amount, captured, _, note = fetch(CAPTURE_HOLD, (datetime.now(UTC), hold_id))
    post_entry(user_id, -captured, -amount, "capture", None, f"capture:{hold_id}", note)
    database().commit()
    credits, held = fetch(READ_BALANCE, (user_id,))
    database().rollback()
    return f"<p>{credits - held} credits left</p>", 200

"""POST /webhooks/stripe: verify, record, grant, commit."""

import hashlib
import hmac
import json
import os
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, request

from bench.baseline import statements as sql
from bench.baseline.database import IS_SQLITE, Transaction, postgres
from bench.baseline.steps import change_account, write_moment

blueprint = Blueprint("webhooks", __name__)
webhook_secret = os.environ["STRIPE_WEBHOOK_SECRET"].encode()


@blueprint.post("/webhooks/stripe")
def receive_event() -> tuple[str, int]:
    payload = request.get_data()
    signature = dict(part.split("=") for part in request.headers["Stripe-Signature"].split(","))
    signed = hmac.new(webhook_secret, signature["t"].encode() + b"." + payload, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signed, signature["v1"]):
        return "not signed", 400
    event = json.loads(payload)
    checkout = event["data"]["object"]
    values = {
        "event_id": event["id"],
        "event_type": event["type"],
        "session_id": checkout["id"],
        "payment": checkout["payment_intent"],
        "payload": payload.decode(),
        "created_at": datetime.fromtimestamp(event["created"], UTC),
        "now": datetime.now(UTC),
    }
    if IS_SQLITE:
        _grant_on_sqlite(values | {"created_at": str(values["created_at"])[:26], "now": write_moment()})
    else:
        postgres().execute(sql.POSTGRES_GRANT, values)
    return "processed\n", 200


def _grant_on_sqlite(values: dict[str, Any]) -> None:
    with Transaction() as transaction:
        if not transaction.row(sql.SQLITE_EVENT, values):
            return
        purchase_id, user_id, credits = transaction.row(sql.SQLITE_PAID, values)
        entry = {"entry_type": "grant", "category": "paid", "key": f"purchase:{purchase_id}", "note": "Growth package"}
        change_account(transaction, user_id, credits, 0, entry)

"""POST /features/qr-codes: check login and token, hold, commit, capture, commit, show the balance."""

import os

from flask import Blueprint, request, session
from itsdangerous import URLSafeTimedSerializer

from bench.baseline.database import capture_hold, database, fetch, place_hold

blueprint = Blueprint("features", __name__)
csrf_tokens = URLSafeTimedSerializer(os.environ["SECRET_KEY"], salt="wtf-csrf-token")

FIND_USER = """
    SELECT id, email, password_hash, credits, credits_held, stripe_customer_id, stripe_customer_key,
           stripe_customer_email, stripe_customer_requested_at, created_at
    FROM users WHERE id = %s"""
READ_BALANCE = "SELECT credits, credits_held FROM users WHERE id = %s"


@blueprint.post("/features/qr-codes")
def use_feature() -> tuple[str, int]:
    user = fetch(FIND_USER, (session["_user_id"],))
    if csrf_tokens.loads(request.form["csrf_token"]) != session["csrf_token"]:
        return "wrong token", 400
    hold = place_hold(user[0], 1, "qr-code", "QR code", None)
    if not hold:
        database().rollback()
        return "not enough credits", 402
    database().commit()
    capture_hold(user[0], hold[0])
    database().commit()
    credits, held = fetch(READ_BALANCE, (user[0],))
    database().rollback()
    return f"<p>{credits - held} credits left</p>", 200

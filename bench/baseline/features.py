"""POST /features/qr-codes: check login and token, hold, commit, capture, commit, show the balance."""

import os
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from flask import Blueprint, request, session
from itsdangerous import URLSafeTimedSerializer

from bench.baseline import statements as sql
from bench.baseline.database import IS_SQLITE, Transaction, postgres
from bench.baseline.steps import capture_hold, place_hold

blueprint = Blueprint("features", __name__)
csrf_tokens = URLSafeTimedSerializer(os.environ["SECRET_KEY"], salt="wtf-csrf-token")


@blueprint.post("/features/qr-codes")
def use_feature() -> tuple[str, int]:
    if csrf_tokens.loads(request.form["csrf_token"]) != session["csrf_token"]:
        return "wrong token", 400
    available = (_use_sqlite if IS_SQLITE else _use_postgres)(sha256(session["_user_id"].encode()).hexdigest())
    return ("not enough credits", 402) if available is None else (f"<p>{available} credits left</p>", 200)


def _use_postgres(token_hash: str) -> int | None:
    values: dict[str, Any] = {
        "token_hash": token_hash,
        "amount": 1,
        "feature": "qr-code",
        "maker": "app",
        "cause": None,
    }
    hold = postgres().execute(sql.POSTGRES_FEATURE_PLACE, values | {"now": datetime.now(UTC)}).fetchone()
    if hold is None:
        return None
    ended = {"token_hash": token_hash, "hold_id": hold[0], "now": datetime.now(UTC)}
    row = postgres().execute(sql.POSTGRES_FEATURE_CAPTURE, ended).fetchone()
    return int(row[0]) if row else None


def _use_sqlite(token_hash: str) -> int | None:
    with Transaction() as transaction:
        (user_id,) = transaction.row(sql.SQLITE_LOGGED_IN, {"token_hash": token_hash})
        hold = place_hold(transaction, user_id, 1, "qr-code", "app", None)
    if hold is None:
        return None
    with Transaction() as transaction:
        return capture_hold(transaction, user_id, hold[0])[1]

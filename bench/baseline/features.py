"""POST /features/qr-codes: check login and token, hold, commit, capture, commit, show the balance."""

import os
from datetime import UTC, datetime
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
    available = (_use_sqlite if IS_SQLITE else _use_postgres)(int(session["_user_id"]))
    return ("not enough credits", 402) if available is None else (f"<p>{available} credits left</p>", 200)


def _use_postgres(user_id: int) -> int | None:
    values: dict[str, Any] = {"user_id": user_id, "amount": 1, "feature": "qr-code", "maker": "app", "cause": None}
    hold = postgres().execute(sql.POSTGRES_FEATURE_PLACE, values | {"now": datetime.now(UTC)}).fetchone()
    if hold is None:
        return None
    ended = {"user_id": user_id, "hold_id": hold[0], "now": datetime.now(UTC)}
    row = postgres().execute(sql.POSTGRES_FEATURE_CAPTURE, ended).fetchone()
    return int(row[0]) if row else None


def _use_sqlite(user_id: int) -> int | None:
    with Transaction() as transaction:
        hold = place_hold(transaction, user_id, 1, "qr-code", "app", None)
    if hold is None:
        return None
    with Transaction() as transaction:
        return capture_hold(transaction, user_id, hold[0])[1]

"""The POSTs of /api/v1: check the key, note the request, do it, keep the answer, commit."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, request

from bench.baseline.database import capture_hold, database, fetch, place_hold, spend

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

FIND_KEY = """
    SELECT id, user_id, prefix, scope, last_used_at FROM api_keys WHERE key_hash = %s AND revoked_at IS NULL"""
INSERT_REQUEST = """
    INSERT INTO api_requests (user_id, idempotency_key, operation, body_hash, created_at)
    SELECT %s, %s::varchar, %s, %s, %s WHERE set_config('lock_timeout', '5000', true) IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING id"""
KEEP_ANSWER = "UPDATE api_requests SET status = %s, answer = %s WHERE id = %s"

Work = Callable[[int, str], dict[str, Any] | None]


@blueprint.post("/spends")
def create_spend() -> Response:
    def work(user_id: int, cause: str) -> dict[str, Any] | None:
        wanted = request.get_json()
        return show_entry(spend(user_id, wanted["amount"], wanted["feature"], wanted.get("note"), cause))

    return carry_out("create_spend", work, 201)


@blueprint.post("/holds")
def create_hold() -> Response:
    def work(user_id: int, cause: str) -> dict[str, Any] | None:
        wanted = request.get_json()
        hold = place_hold(user_id, wanted["amount"], wanted["feature"], wanted.get("note"), cause)
        return hold and {"id": hold[0], "amount": hold[2], "status": hold[4], "expires_at": hold[8].isoformat()}

    return carry_out("create_hold", work, 201)


@blueprint.post("/holds/<int:hold_id>/capture")
def capture(hold_id: int) -> Response:
    def work(user_id: int, cause: str) -> dict[str, Any] | None:
        return show_entry(capture_hold(user_id, hold_id))

    return carry_out(f"capture_hold {hold_id}", work, 200)


def carry_out(operation: str, work: Work, status: int) -> Response:
    """Do the work once for each Idempotency-Key, and answer with what it returns; 402 when that is None."""
    secret = request.headers["Authorization"].removeprefix("Bearer ")
    key = fetch(FIND_KEY, (sha256(secret.encode()).hexdigest(),))
    if not key:
        return Response("no such key", 401)
    user_id, idempotency_key = key[1], request.headers["Idempotency-Key"]
    body_hash = sha256(request.get_data()).hexdigest()
    (request_id,) = fetch(INSERT_REQUEST, (user_id, idempotency_key, operation, body_hash, datetime.now(UTC)))
    done = work(user_id, f"api:{user_id}:{idempotency_key}")
    text = json.dumps(done)
    database().execute(KEEP_ANSWER, (status if done else 402, text, request_id))
    database().commit()
    return Response(text, status if done else 402, mimetype="application/json")


def show_entry(entry: tuple[int, int] | None) -> dict[str, Any] | None:
    """Return the entry as it is answered."""
    if entry is None:
        return None
    entry_id, balance_after = entry
    return {"id": entry_id, "balance_after": balance_after, "created_at": datetime.now(UTC).isoformat()}

"""/api/v1: check the key, do it, keep the request, commit."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, request

from bench.baseline import statements as sql
from bench.baseline.database import IS_SQLITE, Transaction, postgres, sqlite
from bench.baseline.steps import capture_hold, change_account, place_hold, write_moment

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

ENTRY = ("id", "created_at", "amount", "balance_after", "note")
HOLD = ("id", "amount", "status", "feature", "note", "created_at", "expires_at", "made_by")

Step = Callable[[Transaction, dict[str, Any]], Any]


@blueprint.get("/balance")
def show_balance() -> Response:
    values = {"key_hash": _key_hash()}
    found: Any = sqlite().execute(sql.SQLITE_BALANCE, values) if IS_SQLITE else None
    found = found or postgres().execute(sql.POSTGRES_BALANCE, values)
    posted, held = found.fetchone()
    return _answer({"posted": posted, "held": held, "available": posted - held}, 200)


@blueprint.post("/spends")
def create_spend() -> Response:
    values = _read_request("create_spend", 201)
    values |= {name: request.get_json()[name] for name in ("amount", "feature")}
    return _carry_out(values, sql.POSTGRES_SPEND, _spend, ENTRY)


@blueprint.post("/holds")
def create_hold() -> Response:
    values = _read_request("create_hold", 201) | {"maker": "user"}
    values |= {name: request.get_json()[name] for name in ("amount", "feature")}
    values["cause"] = f"api:baseline:{values['key']}"
    return _carry_out(values, sql.POSTGRES_PLACE, _place, HOLD)


@blueprint.post("/holds/<int:hold_id>/capture")
def capture(hold_id: int) -> Response:
    values = _read_request(f"capture_hold {hold_id}", 200) | {"hold_id": hold_id}
    return _carry_out(values, sql.POSTGRES_CAPTURE, _capture, ENTRY)


def _spend(transaction: Transaction, values: dict[str, Any]) -> Any:
    cause = f"api:{values['user_id']}:{values['key']}"
    (hold_id,) = transaction.row(sql.SQLITE_SPEND, values | {"cause": cause, "expires_at": write_moment(900)})
    entry = {"entry_type": "capture", "category": None, "key": f"capture:{hold_id}", "note": values["feature"]}
    return change_account(transaction, values["user_id"], -values["amount"], 0, entry)[0]


def _place(transaction: Transaction, values: dict[str, Any]) -> Any:
    return place_hold(
        transaction, values["user_id"], values["amount"], values["feature"], values["maker"], values["cause"]
    )


def _capture(transaction: Transaction, values: dict[str, Any]) -> Any:
    return capture_hold(transaction, values["user_id"], values["hold_id"])[0]


def _read_request(operation: str, status: int) -> dict[str, Any]:
    return {
        "key_hash": _key_hash(),
        "key": request.headers["Idempotency-Key"],
        "operation": operation,
        "body_hash": sha256(request.get_data()).hexdigest(),
        "status": status,
        "now": write_moment() if IS_SQLITE else datetime.now(UTC),
    }


def _carry_out(values: dict[str, Any], statement: str, step: Step, shown: tuple[str, ...]) -> Response:
    if IS_SQLITE:
        with Transaction() as transaction:
            (user_id,) = transaction.row(sql.SQLITE_CALLER, values)
            values |= {"user_id": user_id}
            transaction.row(sql.SQLITE_REQUEST, values)
            row = step(transaction, values)
    else:
        row = postgres().execute(statement, values).fetchone()
    if row is None:
        return Response("no such key, or too few credits", 402)
    return _answer(dict(zip(shown, row, strict=True)), values["status"])


def _answer(body: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(body, default=str), status, mimetype="application/json")


def _key_hash() -> str:
    return sha256(request.headers["Authorization"].removeprefix("Bearer ").encode()).hexdigest()

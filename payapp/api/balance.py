"""GET /api/v1/balance. Who may enter: API keys."""

from typing import Any

from flask import Response, g

from payapp.api.authentication import confirm_key, find_account, looks_its_key_up
from payapp.api.blueprint import answer, blueprint, documents
from payapp.api.own_balance import find_balance
from payapp.api.schemas import AccountQuery, BalanceSchema
from payapp.extensions import db
from payapp.ledger.balances import get_balance


@blueprint.get("/balance")
@blueprint.arguments(AccountQuery(), location="query")
@blueprint.response(200, BalanceSchema)
@documents("user_not_allowed", "user_not_found", "invalid_request")
@looks_its_key_up
def show_balance(query: dict[str, Any]) -> Response:
    """The account's credits as they are now."""
    user_id = find_account(query.get("user"))
    balance = find_balance(db.engine, user_id, g.api_key.id)
    if balance is None:
        confirm_key()
        balance = get_balance(db.session(), user_id)
    return answer(200, {"posted": balance.posted, "held": balance.held, "available": balance.available})

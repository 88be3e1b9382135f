"""GET /api/v1/balance. Who may enter: API keys."""

from typing import Any

from flask import Response

from payapp.api.authentication import find_account
from payapp.api.blueprint import answer, blueprint, documents
from payapp.api.schemas import AccountQuery, BalanceSchema
from payapp.extensions import db
from payapp.ledger.balances import get_balance


@blueprint.get("/balance")
@blueprint.arguments(AccountQuery(), location="query")
@blueprint.response(200, BalanceSchema)
@documents("user_not_allowed", "user_not_found", "invalid_request")
def show_balance(query: dict[str, Any]) -> Response:
    """The account's credits as they are now."""
    balance = get_balance(db.session(), find_account(query.get("user")))
    return answer(200, {"posted": balance.posted, "held": balance.held, "available": balance.available})

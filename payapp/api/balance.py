"""GET /api/v1/balance. Who may enter: API keys."""

from typing import Any

from flask import Response, g

from payapp.api.authentication import confirm_key, find_account, looks_its_key_up
from payapp.api.blueprint import answer, blueprint, documents
from payapp.api.schemas import AccountQuery, BalanceSchema
from payapp.database.one_statement import attempt
from payapp.extensions import db
from payapp.ledger.balances import Balance, get_balance
from payapp.ledger.one_statement import BALANCE

IS_VALID = "EXISTS (SELECT FROM api_keys WHERE api_keys.id = %(key_id)s AND revoked_at IS NULL)"
STATEMENT = f"{BALANCE} AND users.disabled_at IS NULL AND {IS_VALID}"


@blueprint.get("/balance")
@blueprint.arguments(AccountQuery(), location="query")
@blueprint.response(200, BalanceSchema)
@documents("user_not_allowed", "user_not_found", "invalid_request")
@looks_its_key_up
def show_balance(query: dict[str, Any]) -> Response:
    """The account's credits as they are now."""
    user_id = find_account(query.get("user"))
    balance = _read_at_once(user_id)
    if balance is None:
        confirm_key()
        balance = get_balance(db.session(), user_id)
    return answer(200, {"posted": balance.posted, "held": balance.held, "available": balance.available})


def _read_at_once(user_id: int) -> Balance | None:
    """Return the balance by one statement; None where it finds none for this key."""
    row = attempt(db.engine, STATEMENT, {"user_id": user_id, "key_id": g.api_key.id})
    return Balance(posted=row.credits, held=int(row.held)) if row else None

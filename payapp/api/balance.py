"""GET /api/v1/balance. Who may enter: API keys."""

from typing import Any

from flask import Response, g
from sqlalchemy import bindparam, literal_column, select

from payapp.api.authentication import confirm_key, find_account, looks_its_key_up
from payapp.api.blueprint import answer, blueprint, documents
from payapp.api.schemas import AccountQuery, BalanceSchema
from payapp.auth.api_keys import KEYS
from payapp.database.one_statement import read_row
from payapp.extensions import db
from payapp.ledger.balances import FIND_BALANCE, Balance, get_balance

KEY_IS_VALID = select(KEYS.c.id).where(KEYS.c.id == bindparam("key_id"), KEYS.c.revoked_at.is_(None)).exists()
FIND_BALANCE_OF_KEY = FIND_BALANCE.where(literal_column("users.disabled_at").is_(None), KEY_IS_VALID)


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
    row = read_row(db.session(), FIND_BALANCE_OF_KEY, {"user_id": user_id, "key_id": g.api_key.id})
    return Balance(posted=row[0], held=int(row[1])) if row else None

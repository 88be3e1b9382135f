"""A balance together with the key that asks for it: one statement, so a key that was revoked reads nothing."""

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.orm import Session

from payapp.auth.api_keys import KEYS
from payapp.database.one_statement import read_row
from payapp.ledger.balances import FIND_BALANCE, Balance

KEY_IS_VALID = select(KEYS.c.id).where(KEYS.c.id == bindparam("key_id"), KEYS.c.revoked_at.is_(None)).exists()
FIND = FIND_BALANCE.where(literal_column("users.disabled_at").is_(None), KEY_IS_VALID)


def find_balance(session: Session, user_id: int, key_id: int) -> Balance | None:
    """Return the balance; None where the key is revoked or the user is disabled, and where there is no such user."""
    row = read_row(session, FIND, {"user_id": user_id, "key_id": key_id})
    return Balance(posted=row[0], held=int(row[1])) if row else None

"""Closing an account whose owner leaves: nothing stays held, nothing stays to be spent, and the book says so."""

from datetime import datetime

from sqlalchemy import bindparam, case, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from payapp.database.clock import utc_now
from payapp.database.sql_functions import database_now
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import AccountInUseError
from payapp.ledger.hold_statements import FREE, IS_OVERDUE, LOCK_ACCOUNTS
from payapp.ledger.hold_views import HOLDS
from payapp.ledger.makers import ANY_PROGRAM, APP, USER
from payapp.ledger.posting import FIND_ENTRY, post_entry

NOTE = "Given up when the account was deleted"
IS_OPEN_OF_USER = (HOLDS.c.user_id == bindparam("owner_id"), HOLDS.c.status == literal_column("'open'"))
# What a service has set aside is its own until it ends it: law 6.
CAN_END = or_(IS_OVERDUE, HOLDS.c.maker.in_((APP, USER, ANY_PROGRAM)))
# Whoever ends one of them at this moment has locked it, and waits for the account: see _expire() in holds.py.
FREE_TO_END = select(HOLDS.c.id).where(*IS_OPEN_OF_USER, CAN_END).with_for_update(skip_locked=True)
END = (
    update(HOLDS)
    .where(HOLDS.c.id.in_(FREE_TO_END))
    .values(status=case((HOLDS.c.expires_at > database_now(), "released"), else_="expired"), ended_at=bindparam("now"))
    .returning(HOLDS.c.amount)
)
LAST_OF_OTHERS = select(func.max(HOLDS.c.expires_at)).where(*IS_OPEN_OF_USER)


def close_account(session: Session, user_id: int) -> int:
    """Release the account's holds, and take what is left of its credits by an `expiration`; return how many.

    Locks the account first, so nothing is held or spent meanwhile. A debt stays. Once in an account's life: a second
    time it changes nothing, whatever has come since. Raises AccountInUseError while a service, or anybody at this very
    moment, is using credits that were set aside: the caller rolls back then, and nothing has changed.
    """
    session.execute(LOCK_ACCOUNTS, {"user_ids": [user_id]}).all()
    ended = session.execute(END, {"owner_id": user_id, "now": utc_now()}).scalars().all()
    if ended:
        session.execute(FREE, {"user_id": user_id, "amount": sum(ended)})
    until: datetime | None = session.scalar(LAST_OF_OTHERS, {"owner_id": user_id})
    if until is not None:
        raise AccountInUseError(user_id, until)
    return _forfeit(session, user_id, get_balance(session, user_id).posted)


def _forfeit(session: Session, user_id: int, posted: int) -> int:
    key = f"expiration:account:{user_id}"
    if posted <= 0 or session.execute(FIND_ENTRY, {"idempotency_key": key}).first() is not None:
        return 0
    post_entry(session, user_id=user_id, amount=-posted, entry_type="expiration", idempotency_key=key, note=NOTE)
    return posted

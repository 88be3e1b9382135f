"""The only writer of ledger entries and of the posted balance.

Every function takes the SQLAlchemy session first and never commits: the caller's one commit
holds the entry together with whatever caused it.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, literal, select, update
from sqlalchemy.orm import Session

from payapp.clock import utc_now
from payapp.db import insert_into
from payapp.ledger.errors import IdempotencyConflictError, InvalidAmountError, UnknownAccountError
from payapp.ledger.models import Category, EntryType, LedgerEntry, accounts

MAX_AMOUNT = 1_000_000_000


@dataclass(frozen=True)
class PostedEntry:
    """An entry as written: `amount` and `balance_after` in credits; `is_new` False if it stood there before."""

    id: int
    amount: int
    balance_after: int
    is_new: bool


def require_amount(amount: int) -> None:
    """Raise InvalidAmountError unless `amount` is a whole number of credits from 1 to MAX_AMOUNT."""
    if type(amount) is not int or not 1 <= amount <= MAX_AMOUNT:
        raise InvalidAmountError(amount)


def grant(
    session: Session,
    user_id: int,
    amount: int,
    *,
    idempotency_key: str,
    category: Category = "paid",
    note: str | None = None,
) -> PostedEntry:
    """Give `amount` credits to the account, once for each idempotency key.

    The same key again, for the same account and amount: changes nothing and returns the entry that stands,
    with `is_new` False. Raises InvalidAmountError, UnknownAccountError, and IdempotencyConflictError when
    the key belongs to anything else.
    """
    require_amount(amount)
    return post_entry(
        session,
        user_id=user_id,
        amount=amount,
        entry_type="grant",
        idempotency_key=idempotency_key,
        category=category,
        note=note,
    )


def post_entry(
    session: Session,
    *,
    user_id: int,
    amount: int,
    entry_type: EntryType,
    idempotency_key: str,
    released: int = 0,
    category: Category | None = None,
    note: str | None = None,
) -> PostedEntry:
    """Change the account by the signed `amount` and write the entry that says so; also free `released` held credits.

    For this room only: it asks nobody whether the credits are there. The account's row is locked first, so
    entries of one account are written one after the other, and `balance_after` is exact.
    """
    balance_after = _change_account(session, user_id, amount, -released)
    entry_id = _insert_once(
        session,
        user_id=user_id,
        amount=amount,
        balance_after=balance_after,
        entry_type=entry_type,
        category=category,
        idempotency_key=idempotency_key,
        note=note,
        created_at=utc_now(),
    )
    if entry_id is not None:
        return PostedEntry(entry_id, amount, balance_after, is_new=True)
    # The entry stands already. Nobody saw the change: the row has been locked since, so take it back.
    _change_account(session, user_id, -amount, released)
    return _standing_entry(session, user_id, amount, entry_type, idempotency_key)


def _change_account(session: Session, user_id: int, amount: int, held: int) -> int:
    """Add to the two numbers of the account, lock its row until the commit, return the posted balance."""
    posted = session.execute(
        update(accounts)
        .where(accounts.c.id == user_id)
        .values(credits=accounts.c.credits + amount, credits_held=accounts.c.credits_held + held)
        .returning(accounts.c.credits)
    ).scalar()
    if posted is None:
        raise UnknownAccountError(user_id)
    return int(posted)


def _insert_once(session: Session, **values: Any) -> int | None:
    """Insert the entry unless its idempotency key exists; return its id, or None.

    NOT EXISTS for SQLite, whose guard refuses an INSERT of a key that stands, whatever its conflict clause;
    ON CONFLICT for PostgreSQL, where another transaction may have inserted the key since the check.
    """
    columns = LedgerEntry.__table__.c
    row = select(*(literal(value, columns[name].type) for name, value in values.items())).where(
        ~exists().where(LedgerEntry.idempotency_key == values["idempotency_key"])
    )
    statement = insert_into(session, LedgerEntry).from_select(list(values), row)
    entry_id: int | None = session.execute(statement.on_conflict_do_nothing().returning(LedgerEntry.id)).scalar()
    return entry_id


def _standing_entry(
    session: Session, user_id: int, amount: int, entry_type: EntryType, idempotency_key: str
) -> PostedEntry:
    row = session.execute(
        select(
            LedgerEntry.id,
            LedgerEntry.user_id,
            LedgerEntry.amount,
            LedgerEntry.entry_type,
            LedgerEntry.balance_after,
        ).where(LedgerEntry.idempotency_key == idempotency_key)
    ).one()
    if (row.user_id, row.amount, row.entry_type) != (user_id, amount, entry_type):
        raise IdempotencyConflictError(idempotency_key)
    return PostedEntry(row.id, row.amount, row.balance_after, is_new=False)

"""The only writer of ledger entries and of the posted balance.

Every function takes the SQLAlchemy session first and never commits: the caller's one commit
holds the entry together with whatever caused it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, exists, func, select, update
from sqlalchemy.orm import Session

from payapp.database.base import dialect_insert, table_of
from payapp.database.clock import utc_now
from payapp.ledger.errors import IdempotencyConflictError, InvalidAmountError, UnknownAccountError
from payapp.ledger.models import Category, EntryType, LedgerEntry, accounts

MAX_AMOUNT = 1_000_000_000

ENTRIES = table_of(LedgerEntry)

# Built once, here: SQLAlchemy takes longer to build a statement than the database to run it.
CHANGE_ACCOUNT = (
    update(accounts)
    .where(accounts.c.id == bindparam("user_id"))
    .values(
        credits=accounts.c.credits + bindparam("amount"),
        credits_held=accounts.c.credits_held + bindparam("held"),
    )
    .returning(accounts.c.credits)
)
CORRECTIONS = ENTRIES.alias("corrections")
TAKEN_BACK = (
    select(-func.coalesce(func.sum(CORRECTIONS.c.amount), 0))
    .where(CORRECTIONS.c.corrects_entry_id == ENTRIES.c.id)
    .scalar_subquery()
)
FIND_GRANT = select(ENTRIES.c.id, ENTRIES.c.user_id, ENTRIES.c.amount, TAKEN_BACK.label("taken_back")).where(
    ENTRIES.c.idempotency_key == bindparam("idempotency_key"), ENTRIES.c.entry_type == "grant"
)
FIND_ENTRY = select(
    ENTRIES.c.id,
    ENTRIES.c.user_id,
    ENTRIES.c.amount,
    ENTRIES.c.entry_type,
    ENTRIES.c.balance_after,
    ENTRIES.c.note,
    ENTRIES.c.created_at,
).where(ENTRIES.c.idempotency_key == bindparam("idempotency_key"))


@dataclass(frozen=True)
class PostedEntry:
    """An entry as written: `amount` and `balance_after` in credits; `is_new` False if it stood there before."""

    id: int
    amount: int
    balance_after: int
    note: str | None
    created_at: datetime
    is_new: bool


@dataclass(frozen=True)
class StandingGrant:
    """A grant as it stands: of its `amount` credits `taken_back` went away again."""

    entry_id: int
    user_id: int
    amount: int
    taken_back: int


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


def claw_back(
    session: Session, standing: StandingGrant, amount: int, *, idempotency_key: str, note: str | None = None
) -> PostedEntry:
    """Take `amount` granted credits back from the account, which may go below zero: the credits may be spent.

    The database refuses to take back more than was granted. The same key again changes nothing, as with
    grant(). Raises InvalidAmountError, IdempotencyConflictError and sqlalchemy's IntegrityError.
    """
    require_amount(amount)
    return _correct(session, standing, -amount, "clawback", idempotency_key, note)


def reinstate(
    session: Session, standing: StandingGrant, amount: int, *, idempotency_key: str, note: str | None = None
) -> PostedEntry:
    """Give back `amount` credits that were taken back of this grant; never more than that. Raises like claw_back()."""
    require_amount(amount)
    return _correct(session, standing, amount, "reinstatement", idempotency_key, note)


def find_grant(session: Session, idempotency_key: str) -> StandingGrant | None:
    """Return the grant with this key and what was taken back of it so far; None if there is none."""
    row = session.execute(FIND_GRANT, {"idempotency_key": idempotency_key}).one_or_none()
    return StandingGrant(row.id, row.user_id, row.amount, int(row.taken_back)) if row else None


def capture_key(hold_id: int) -> str:
    """Return the idempotency key of the entry that a captured hold became: `capture:97`."""
    return f"capture:{hold_id}"


def get_capture(session: Session, hold_id: int) -> PostedEntry:
    """Return the entry that a captured hold became. Raises sqlalchemy's NoResultFound for any other hold."""
    return _describe(session.execute(FIND_ENTRY, {"idempotency_key": capture_key(hold_id)}).one())


def _correct(
    session: Session,
    standing: StandingGrant,
    amount: int,
    entry_type: EntryType,
    idempotency_key: str,
    note: str | None,
) -> PostedEntry:
    return post_entry(
        session,
        user_id=standing.user_id,
        amount=amount,
        entry_type=entry_type,
        idempotency_key=idempotency_key,
        corrects_entry_id=standing.entry_id,
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
    corrects_entry_id: int | None = None,
    note: str | None = None,
) -> PostedEntry:
    """Change the account by the signed `amount` and write the entry that says so; also free `released` held credits.

    For this room only: it asks nobody whether the credits are there. The account's row is locked first, so
    entries of one account are written one after the other, and `balance_after` is exact.
    """
    balance_after = _change_account(session, user_id, amount, -released)
    now = utc_now()
    entry_id = _insert_once(
        session,
        user_id=user_id,
        amount=amount,
        balance_after=balance_after,
        entry_type=entry_type,
        category=category,
        idempotency_key=idempotency_key,
        corrects_entry_id=corrects_entry_id,
        note=note,
        created_at=now,
    )
    if entry_id is not None:
        return PostedEntry(entry_id, amount, balance_after, note, now, is_new=True)
    # The entry stands already. Nobody saw the change: the row has been locked since, so take it back.
    _change_account(session, user_id, -amount, released)
    row = session.execute(FIND_ENTRY, {"idempotency_key": idempotency_key}).one()
    return _require_same(row, user_id, amount, entry_type, idempotency_key)


def find_entry(
    session: Session, user_id: int, amount: int, entry_type: EntryType, idempotency_key: str
) -> PostedEntry | None:
    """Return the entry with this key, None if there is none. Raises IdempotencyConflictError if it is another one."""
    row = session.execute(FIND_ENTRY, {"idempotency_key": idempotency_key}).one_or_none()
    return None if row is None else _require_same(row, user_id, amount, entry_type, idempotency_key)


def _change_account(session: Session, user_id: int, amount: int, held: int) -> int:
    """Add to the two numbers of the account, lock its row until the commit, return the posted balance."""
    values = {"user_id": user_id, "amount": amount, "held": held}
    posted: int | None = session.execute(CHANGE_ACCOUNT, values).scalar()
    if posted is None:
        raise UnknownAccountError(user_id)
    return posted


def _insert_once(session: Session, **values: Any) -> int | None:
    """Insert the entry unless its idempotency key exists; return its id, or None."""
    given = {name: value for name, value in values.items() if value is not None}
    entry_id: int | None = session.execute(_build_insert_once(dialect_insert(session), tuple(given)), given).scalar()
    return entry_id


@cache
def _build_insert_once(insert: Callable[[Table], Any], columns: tuple[str, ...]) -> Any:
    """NOT EXISTS for SQLite, whose guard refuses an INSERT of a key that stands, whatever its conflict clause;
    ON CONFLICT for PostgreSQL, where another transaction may have inserted the key since the check.
    """
    row = select(*(bindparam(name, type_=ENTRIES.c[name].type) for name in columns)).where(
        ~exists().where(ENTRIES.c.idempotency_key == bindparam("idempotency_key"))
    )
    return insert(ENTRIES).from_select(columns, row).on_conflict_do_nothing().returning(ENTRIES.c.id)


def _require_same(row: Any, user_id: int, amount: int, entry_type: EntryType, idempotency_key: str) -> PostedEntry:
    if (row.user_id, row.amount, row.entry_type) != (user_id, amount, entry_type):
        raise IdempotencyConflictError(idempotency_key)
    return _describe(row)


def _describe(row: Any) -> PostedEntry:
    return PostedEntry(row.id, row.amount, row.balance_after, row.note, row.created_at, is_new=False)

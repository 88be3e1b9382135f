"""Reading the book: balances, entries and usage. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, Integer, bindparam, func, literal_column, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from payapp.database.base import UtcDateTime, table_of
from payapp.database.clock import utc_now
from payapp.database.one_statement import read_row
from payapp.database.sql_functions import database_now, utc_date
from payapp.ledger.errors import UnknownAccountError
from payapp.ledger.hold_views import HOLDS
from payapp.ledger.models import EntryType, LedgerEntry, accounts

# Built once, as in posting.py.
ENTRIES = table_of(LedgerEntry)
DAY = utc_date(ENTRIES.c.created_at).label("day")
DAILY_USAGE = (
    select(DAY, -func.sum(ENTRIES.c.amount))
    .where(
        ENTRIES.c.user_id == bindparam("user_id"),
        ENTRIES.c.entry_type == literal_column("'capture'"),  # as in the index
        ENTRIES.c.created_at >= bindparam("first_moment", type_=UtcDateTime),
    )
    .group_by(DAY)
)
# What is overdue binds nothing, whether or not the clock's job has come. An account has a hundred open holds, so few.
OVERDUE = (
    select(func.coalesce(func.sum(HOLDS.c.amount), 0))
    .where(
        HOLDS.c.user_id == accounts.c.id,
        HOLDS.c.status == literal_column("'open'"),  # as in the index
        HOLDS.c.expires_at <= database_now(),
    )
    .scalar_subquery()
)
NEWEST_ENTRY = select(func.max(ENTRIES.c.id)).where(ENTRIES.c.user_id == accounts.c.id).scalar_subquery()
BALANCE_COLUMNS = (accounts.c.credits, accounts.c.credits_held - OVERDUE)
FIND_BALANCE = select(*BALANCE_COLUMNS).where(accounts.c.id == bindparam("user_id"))
# For a statement of another room that reads a user: posted, held and the newest entry; its rows are joined to the id.
ACCOUNT_ID = accounts.c.id
FIND_ACCOUNT = select(*BALANCE_COLUMNS, NEWEST_ENTRY)


@dataclass(frozen=True)
class Balance:
    """An account's credits: `posted` (may be negative: debt), `held` by holds in force, `available` to spend."""

    posted: int
    held: int

    @property
    def available(self) -> int:
        """Posted less held. Below zero only after a claw-back."""
        return self.posted - self.held


@dataclass(frozen=True)
class EntryView:
    """A ledger entry as people see it. `idempotency_key` names the cause: `purchase:41`, `capture:97`.

    `corrected_key` is that of the grant which a claw-back or a reinstatement is about.
    """

    id: int
    created_at: datetime
    entry_type: EntryType
    amount: int
    balance_after: int
    note: str | None
    idempotency_key: str
    corrected_key: str | None


CORRECTED = aliased(LedgerEntry)
CORRECTED_KEY = select(CORRECTED.idempotency_key).where(CORRECTED.id == LedgerEntry.corrects_entry_id).scalar_subquery()
ENTRY_COLUMNS = (
    LedgerEntry.id,
    LedgerEntry.created_at,
    LedgerEntry.entry_type,
    LedgerEntry.amount,
    LedgerEntry.balance_after,
    LedgerEntry.note,
    LedgerEntry.idempotency_key,
    CORRECTED_KEY,
)
NEWEST_FIRST = (LedgerEntry.user_id.desc(), LedgerEntry.id.desc())
OF_USER, BEFORE = bindparam("user_id", type_=BigInteger), bindparam("before_id", type_=BigInteger)
PAGE = select(*ENTRY_COLUMNS).order_by(*NEWEST_FIRST).limit(bindparam("at_most", type_=Integer))
# The same for each engine, so written that it reads the index of accounts and their entries from the right place on.
# Asked for `user_id = …`, PostgreSQL may walk through everybody's entries, newest first, until it has found enough: for
# a busy account that is soon, for one that was busy once it is after millions. SQLite finds no place by a pair.
LIST_ENTRIES = {
    "postgresql": PAGE.where(
        LedgerEntry.user_id >= OF_USER, tuple_(LedgerEntry.user_id, LedgerEntry.id) < tuple_(OF_USER, BEFORE)
    ),
    "sqlite": PAGE.where(LedgerEntry.user_id == OF_USER, LedgerEntry.id < BEFORE),
}
AFTER_ALL = 2**63 - 1


def get_balance(session: Session, user_id: int) -> Balance:
    """Return the account's balance, fresh from the database; overdue holds bind nothing. Raises UnknownAccountError."""
    row = read_row(session, FIND_BALANCE, {"user_id": user_id})
    if row is None:
        raise UnknownAccountError(user_id)
    posted, held = row
    return Balance(posted=posted, held=int(held))


def list_entries(session: Session, user_id: int, *, limit: int, before_id: int | None = None) -> Sequence[EntryView]:
    """Return the account's newest entries, newest first, at most `limit`; only those before `before_id` if given."""
    before = AFTER_ALL if before_id is None else before_id
    statement = LIST_ENTRIES[session.get_bind().dialect.name]
    rows = session.execute(statement, {"user_id": user_id, "before_id": before, "at_most": limit})
    return [EntryView(*row) for row in rows]


def list_grant_entries(session: Session, idempotency_key: str) -> Sequence[EntryView]:
    """Return the grant with this key and all that corrects it, oldest first; empty when there is none."""
    standing = select(LedgerEntry.id).where(LedgerEntry.idempotency_key == idempotency_key).scalar_subquery()
    rows = session.execute(
        select(*ENTRY_COLUMNS)
        .where(or_(LedgerEntry.id == standing, LedgerEntry.corrects_entry_id == standing))
        .order_by(LedgerEntry.id)
    )
    return [EntryView(*row) for row in rows]


def list_daily_usage(session: Session, user_id: int, *, days: int) -> list[tuple[date, int]]:
    """Return (UTC day, credits used) for the last `days` days, oldest first, today last; idle days are zero.

    Reads an index entry for each capture of these days: a busy account's week, not its life.
    """
    midnight = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight - timedelta(days=days - 1)
    rows = session.execute(DAILY_USAGE, {"user_id": user_id, "first_moment": first})
    used = {day: int(total) for day, total in rows}
    every_day = (first.date() + timedelta(days=offset) for offset in range(days))
    return [(each, used.get(each, 0)) for each in every_day]

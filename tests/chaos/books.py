"""payapp's side of the story: its tables as the contract names them, read with plain SQL."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection

from payapp.database.base import normalize_url

ACCOUNTS = "SELECT id, email, stripe_customer_id, credits, credits_held FROM users ORDER BY id"
CAPTURES = "SELECT user_id, -amount FROM ledger_entries WHERE entry_type = 'capture'"
OTHERS = """
    SELECT id, entry_type FROM ledger_entries
    WHERE entry_type NOT IN ('grant', 'capture', 'clawback', 'reinstatement')
"""
GRANTS = """
    SELECT entry.user_id, purchases.stripe_payment_intent_id,
           entry.amount + (SELECT COALESCE(SUM(correction.amount), 0) FROM ledger_entries AS correction
                           WHERE correction.corrects_entry_id = entry.id)
    FROM ledger_entries AS entry
    LEFT JOIN purchases ON entry.idempotency_key = 'purchase:' || purchases.id
    WHERE entry.entry_type = 'grant'
"""
EVENTS = "SELECT stripe_event_id, status, last_error FROM stripe_events"
OPEN_HOLDS = "SELECT user_id FROM holds WHERE status = 'open'"
HOLDS = "SELECT status FROM holds"
# What fifteen minutes would bring, without waiting for them.
AGE_HOLDS = "UPDATE holds SET expires_at = created_at WHERE status = 'open'"


@dataclass(frozen=True)
class Account:
    """A user's account: posted and held credits."""

    id: int
    email: str
    customer_id: str | None
    posted: int
    held: int


@dataclass(frozen=True)
class Grant:
    """A grant entry, the payment it was for (None: no payment), and what is left of it."""

    user_id: int
    payment_intent_id: str | None
    credits_left: int


@dataclass(frozen=True)
class Event:
    """An event as the inbox kept it."""

    id: str
    status: str
    last_error: str | None


@dataclass(frozen=True)
class Books:
    """All that the checks ask for. `captures`: user → one number of credits for each capture."""

    accounts: list[Account]
    grants: list[Grant]
    captures: dict[int, list[int]]
    others: list[tuple[int, str]]
    events: dict[str, Event]
    open_holds: Counter[int]
    holds: Counter[str]


def read_books(database_url: str) -> Books:
    """Read everything; nothing is expected to move meanwhile."""
    with _connected(database_url) as connection:
        captures: dict[int, list[int]] = {}
        for user_id, amount in _rows(connection, CAPTURES):
            captures.setdefault(user_id, []).append(int(amount))
        return Books(
            accounts=[Account(*row) for row in _rows(connection, ACCOUNTS)],
            grants=[Grant(user_id, payment, int(left)) for user_id, payment, left in _rows(connection, GRANTS)],
            captures=captures,
            others=[(id, entry_type) for id, entry_type in _rows(connection, OTHERS)],
            events={row[0]: Event(*row) for row in _rows(connection, EVENTS)},
            open_holds=Counter(user_id for (user_id,) in _rows(connection, OPEN_HOLDS)),
            holds=Counter(status for (status,) in _rows(connection, HOLDS)),
        )


def age_open_holds(database_url: str) -> None:
    """Let the time of every open hold be over."""
    with _connected(database_url) as connection:
        connection.execute(text(AGE_HOLDS))
        connection.commit()


def _connected(database_url: str) -> closing[Connection]:
    return closing(create_engine(normalize_url(database_url)).connect())


def _rows(connection: Connection, sql: str) -> Sequence[Any]:
    return connection.execute(text(sql)).all()

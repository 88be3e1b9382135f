"""The connection, and the statements that change accounts."""

import os
import threading
from datetime import UTC, datetime
from typing import Any

import psycopg

threads = threading.local()

CHANGE_ACCOUNT = """
    UPDATE users SET credits = credits + %s, credits_held = credits_held + %s WHERE id = %s RETURNING credits"""
INSERT_ENTRY = """
    INSERT INTO ledger_entries (user_id, amount, balance_after, entry_type, category, idempotency_key,
                                corrects_entry_id, note, created_at)
    SELECT %(user_id)s, %(amount)s, %(balance_after)s, %(entry_type)s, %(category)s, %(key)s::varchar,
           NULL, %(note)s, %(now)s
    WHERE NOT EXISTS (SELECT 1 FROM ledger_entries WHERE idempotency_key = %(key)s::varchar)
    ON CONFLICT DO NOTHING RETURNING id"""
SET_ASIDE = """
    UPDATE users SET credits_held = credits_held + %s
    WHERE id = %s AND credits - credits_held >= %s RETURNING id"""
INSERT_HOLD = """
    INSERT INTO holds (user_id, amount, status, feature, note, idempotency_key, created_at, expires_at)
    SELECT %(user_id)s, %(amount)s, 'open', %(feature)s, %(note)s, %(key)s::varchar, %(now)s,
           clock_timestamp() + make_interval(secs => 900)
    WHERE (SELECT count(*) FROM holds WHERE user_id = %(user_id)s AND status = 'open') < 100
    ON CONFLICT DO NOTHING
    RETURNING id, user_id, amount, captured_amount, status, feature, note, created_at, expires_at"""
INSERT_SPEND = """
    INSERT INTO holds (user_id, amount, status, feature, note, idempotency_key, created_at, captured_amount, ended_at,
                       expires_at)
    SELECT %(user_id)s, %(amount)s, 'captured', %(feature)s, %(note)s, %(key)s::varchar, %(now)s, %(amount)s, %(now)s,
           clock_timestamp() + make_interval(secs => 900)
    FROM users WHERE id = %(user_id)s AND credits - credits_held >= %(amount)s FOR NO KEY UPDATE
    ON CONFLICT DO NOTHING RETURNING id"""
CAPTURE_HOLD = """
    UPDATE holds SET captured_amount = amount, status = 'captured', ended_at = %s
    WHERE id = %s AND user_id = %s AND status = 'open' AND expires_at > clock_timestamp()
    RETURNING user_id, amount, captured_amount, feature, note"""


def database() -> psycopg.Connection[Any]:
    """Return this thread's connection, opened once."""
    if not hasattr(threads, "connection"):
        threads.connection = psycopg.connect(os.environ["DATABASE_URL"])
    connection: psycopg.Connection[Any] = threads.connection
    return connection


def fetch(statement: str, values: Any) -> Any:
    """Run one statement and return its row."""
    return database().execute(statement, values).fetchone()


def place_hold(user_id: int, amount: int, feature: str, note: str | None, key: str | None) -> Any:
    """Set credits aside and return the hold's row; None when fewer are available."""
    if not fetch(SET_ASIDE, (amount, user_id, amount)):
        return None
    return fetch(INSERT_HOLD, _describe(user_id, amount, feature, note, key))


def spend(user_id: int, amount: int, feature: str, note: str | None, key: str | None) -> tuple[int, int] | None:
    """Use credits at once; return the entry's id and the balance after it, None when fewer are available."""
    hold = fetch(INSERT_SPEND, _describe(user_id, amount, feature, note, key))
    return hold and post_entry(user_id, -amount, 0, "capture", None, f"capture:{hold[0]}", note or feature)


def _describe(user_id: int, amount: int, feature: str, note: str | None, key: str | None) -> dict[str, Any]:
    hold = {"user_id": user_id, "amount": amount, "feature": feature, "note": note, "key": key}
    return hold | {"now": datetime.now(UTC)}


def capture_hold(user_id: int, hold_id: int) -> tuple[int, int] | None:
    """End the user's hold with its entry; return the entry's id and the balance after it, None if it has ended."""
    hold = fetch(CAPTURE_HOLD, (datetime.now(UTC), hold_id, user_id))
    if not hold:
        return None
    _, amount, captured, feature, note = hold
    return post_entry(user_id, -captured, -amount, "capture", None, f"capture:{hold_id}", note or feature)


def post_entry(
    user_id: int, amount: int, held: int, entry_type: str, category: str | None, key: str, note: str
) -> tuple[int, int]:
    """Change the account, write the entry that says so; return its id and the balance after it."""
    (balance_after,) = fetch(CHANGE_ACCOUNT, (amount, held, user_id))
    entry = {"user_id": user_id, "amount": amount, "balance_after": balance_after, "entry_type": entry_type}
    (entry_id,) = fetch(
        INSERT_ENTRY, entry | {"category": category, "key": key, "note": note, "now": datetime.now(UTC)}
    )
    return entry_id, balance_after

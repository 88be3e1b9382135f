"""What the database itself refuses: to the application's connection, and to a bare one without our pragmas."""

import sqlite3
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from payapp.ledger.holds import place_hold, release_hold
from payapp.ledger.posting import grant
from payapp.ledger.verification import verify
from tests.ledger.books import open_account

ENTRY = "INSERT INTO ledger_entries (user_id, amount, balance_after, entry_type, idempotency_key, created_at) VALUES "
CHANGES = [
    "UPDATE ledger_entries SET amount = 1000000",
    "UPDATE ledger_entries SET note = 'harmless'",
    "UPDATE ledger_entries SET idempotency_key = 'test:free-again'",
    "DELETE FROM ledger_entries",
    "DELETE FROM ledger_entries WHERE amount = 10",
    # ON CONFLICT … DO UPDATE is an update in disguise.
    ENTRY + "(1, 10, 10, 'grant', 'purchase:1', CURRENT_TIMESTAMP)"
    " ON CONFLICT (idempotency_key) DO UPDATE SET amount = 1000000",
]
OF_POSTGRESQL = ["TRUNCATE ledger_entries", "TRUNCATE users CASCADE"]
REPLACE = ENTRY.replace("INSERT", "INSERT OR REPLACE").replace("(user_id", "(id, user_id")
OF_SQLITE = [
    REPLACE + "(1, 1, 1000000, 10, 'grant', 'test:other-key', CURRENT_TIMESTAMP)",  # by id
    REPLACE + "(99, 1, 1000000, 10, 'grant', 'purchase:1', CURRENT_TIMESTAMP)",  # by idempotency key
    REPLACE.replace("INSERT OR REPLACE", "REPLACE") + "(1, 1, 10, 10, 'grant', 'purchase:1', CURRENT_TIMESTAMP)",
    "UPDATE OR REPLACE ledger_entries SET id = 1 WHERE id = 2",
    "UPDATE OR REPLACE ledger_entries SET idempotency_key = 'purchase:1' WHERE id = 2",
]
OF_ENGINE = {"sqlite": OF_SQLITE, "postgresql": OF_POSTGRESQL}
ENTRIES = "SELECT * FROM ledger_entries ORDER BY id"


REFUSALS = (sqlite3.IntegrityError, psycopg.IntegrityError, IntegrityError)


def refusal_of(connection: Any, change: Any) -> str:
    """Return what the database says to `change`; nothing if it let it happen. Undone either way."""
    try:
        connection.execute(change)
    except REFUSALS as refusal:
        return str(refusal)
    finally:
        connection.rollback()
    return ""


@pytest.fixture
def account(session: Session) -> int:
    """An account with two entries, 10 and then 5 credits."""
    user_id = open_account(session)
    grant(session, user_id, 10, idempotency_key="purchase:1")
    grant(session, user_id, 5, idempotency_key="purchase:2")
    session.commit()
    return user_id


@pytest.mark.usefixtures("account")
def test_entries_are_only_ever_inserted(session: Session, raw: Any, engine_name: str) -> None:
    before = session.execute(text(ENTRIES)).all()
    assert len(before) == 2
    session.rollback()
    for change in CHANGES + OF_ENGINE[engine_name]:
        assert "only ever inserted" in refusal_of(session, text(change)), change
        assert "only ever inserted" in refusal_of(raw, change), change
    assert session.execute(text(ENTRIES)).all() == before


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_reversal_is_not_replaced_by_what_it_reverses(session: Session, raw: Any, account: int) -> None:
    reversal = "INSERT {} INTO ledger_entries (user_id, amount, balance_after, entry_type, idempotency_key,"
    reversal += " reverses_entry_id, created_at) VALUES (?, -10, 5, 'reversal', ?, 1, CURRENT_TIMESTAMP)"
    raw.execute("UPDATE users SET credits = 5")
    raw.execute(reversal.format(""), (account, "reversal:1"))
    with pytest.raises(sqlite3.IntegrityError, match="only ever inserted"):
        raw.execute(reversal.format("OR REPLACE"), (account, "reversal:2"))


def test_an_entry_agrees_with_its_account(account: int, raw: Any) -> None:
    for user_id, balance_after in ((account, 14), (account, 16), (account, 0), (account + 1, 15)):
        with pytest.raises(REFUSALS):
            raw.execute(ENTRY + f"({user_id}, 1, {balance_after}, 'grant', 'test:wrong', CURRENT_TIMESTAMP)")
        raw.rollback()
    raw.execute("UPDATE users SET credits = credits + 1")
    raw.execute(ENTRY + f"({account}, 1, 16, 'grant', 'test:right', CURRENT_TIMESTAMP)")


def test_entries_are_whole_numbers(session: Session, account: int, raw: Any) -> None:
    """SQLite would keep a fraction; PostgreSQL rounds it before it reaches the column."""
    raw.execute("UPDATE users SET credits = credits + 1")
    entry = ENTRY + f"({account}, 0.5, 16, 'grant', 'test:fraction', CURRENT_TIMESTAMP)"
    if session.get_bind().dialect.name == "sqlite":
        with pytest.raises(sqlite3.IntegrityError, match="whole numbers"):
            raw.execute(entry)
    else:
        assert raw.execute(entry + " RETURNING amount").fetchone() == (1,)


def test_held_credits_do_not_grow_beyond_what_is_there(account: int, raw: Any) -> None:
    raw.execute(f"UPDATE users SET credits_held = 15 WHERE id = {account}")
    raw.commit()
    with pytest.raises(REFUSALS, match="fewer credits"):
        raw.execute(f"UPDATE users SET credits_held = 16 WHERE id = {account}")
    raw.rollback()
    raw.execute(f"UPDATE users SET credits = -1 WHERE id = {account}")  # a claw-back may
    raw.execute(f"UPDATE users SET credits_held = 14 WHERE id = {account}")  # and what is held may come free
    with pytest.raises(REFUSALS):
        raw.execute(f"UPDATE users SET credits_held = -1 WHERE id = {account}")


def test_a_hold_that_has_ended_stays_as_it_is(session: Session, account: int, raw: Any) -> None:
    hold = place_hold(session, account, 1, feature="test")
    release_hold(session, hold.id)
    session.commit()
    for change in ("status = 'open'", "status = 'captured', captured_amount = 1", "amount = 2", "status = 'expired'"):
        with pytest.raises(REFUSALS, match="has ended"):
            raw.execute(f"UPDATE holds SET {change}")
        raw.rollback()


def test_a_hold_captures_no_more_than_its_amount(session: Session, account: int, raw: Any) -> None:
    place_hold(session, account, 5, feature="test")
    session.commit()
    for captured in (6, 0, -1, "NULL"):
        with pytest.raises(REFUSALS):
            raw.execute(f"UPDATE holds SET status = 'captured', captured_amount = {captured}")
        raw.rollback()


@pytest.mark.parametrize(
    "values",
    [
        "0, 15, 'grant', 'k'",
        "-1, 14, 'grant', 'k'",
        "1, 16, 'capture', 'k'",
        "1, 16, 'clawback', 'k'",
        "-1, 14, 'reinstatement', 'k'",
        "1, 16, 'reversal', 'k'",  # names no entry
        "1, 16, 'gift', 'k'",
        "1, 16, 'grant', NULL",
        "1, NULL, 'grant', 'k'",
    ],
)
def test_an_entry_makes_sense(session: Session, account: int, raw: Any, values: str) -> None:
    amount = int(values.split(",")[0])
    raw.execute(f"UPDATE users SET credits = credits + {amount}")
    with pytest.raises(REFUSALS):
        raw.execute(ENTRY + f"({account}, {values}, CURRENT_TIMESTAMP)")
    raw.rollback()
    assert verify(session) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_an_entry_is_compared_with_few_others_whatever_analyze_has_told(session: Session) -> None:
    user_id = open_account(session)
    for number in range(300):
        grant(session, user_id, 1, idempotency_key=f"test:{number}")
    before = count_steps(session, user_id, "test:before")
    session.execute(text("ANALYZE"))
    # As it tells of many entries, none of which reverses another: two numbers, rows in all and rows of one key.
    many = "UPDATE sqlite_stat1 SET stat = replace(stat, '301', '20000') WHERE tbl = 'ledger_entries'"
    session.execute(text(many))
    session.commit()
    session.connection().connection.invalidate()  # a new connection reads what was told
    session.rollback()
    assert count_steps(session, user_id, "test:after") < before + 200


def count_steps(session: Session, user_id: int, idempotency_key: str) -> int:
    """Return how many steps SQLite's machine takes for one grant."""
    connection: Any = session.connection().connection.driver_connection
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    connection.set_progress_handler(count, 1)
    grant(session, user_id, 1, idempotency_key=idempotency_key)
    connection.set_progress_handler(None, 1)
    session.commit()
    return steps

"""Faults planted in a book by hand, past its guards and constraints, for verify() to find."""

from sqlalchemy.orm import Session

from payapp.ledger.guards import POSTGRESQL_GUARDS, SQLITE_GUARDS
from payapp.ledger.holds import place_hold, spend
from payapp.ledger.posting import grant
from tests.ledger.books import open_account

GUARDED = ("ledger_entries", "holds", "users")
NOW = "CURRENT_TIMESTAMP"
ACCOUNT = "(SELECT MIN(id) FROM users)"
NEIGHBOR = "(SELECT MAX(id) FROM users)"
GRANTED, SPENT = "idempotency_key = 'purchase:1'", "idempotency_key = 'capture:1'"


def write_book(session: Session) -> int:
    """Open an account with 70 credits: granted 100, spent 30 by hold 1, 20 held by hold 2. Its neighbor has 100."""
    user_id, neighbor_id = open_account(session), open_account(session)
    grant(session, user_id, 100, idempotency_key="purchase:1")
    grant(session, neighbor_id, 100, idempotency_key="purchase:2")
    spend(session, user_id, 30, feature="test")
    place_hold(session, user_id, 20, feature="test")
    session.commit()
    return user_id


def entry(
    amount: int, after: int, entry_type: str, key: str, *, user: str = ACCOUNT, reverses: str = "", corrects: str = ""
) -> str:
    """Return the SQL that inserts an entry; `reverses`, `corrects`: the condition that finds the other one."""
    reversed_id, corrected_id = (
        f"(SELECT id FROM ledger_entries WHERE {condition})" if condition else "NULL"
        for condition in (reverses, corrects)
    )
    return (
        "INSERT INTO ledger_entries (id, user_id, amount, balance_after, entry_type, idempotency_key,"
        " reverses_entry_id, corrects_entry_id, created_at) VALUES"
        f" (100, {user}, {amount}, {after}, '{entry_type}', '{key}', {reversed_id}, {corrected_id}, CURRENT_TIMESTAMP)"
    )


def hold(amount: int, status: str, captured: str = "NULL") -> str:
    """Return the SQL that inserts hold 100."""
    return (
        "INSERT INTO holds (id, user_id, amount, status, feature, maker, captured_amount, expires_at, created_at)"
        f" VALUES (100, {ACCOUNT}, {amount}, '{status}', 'test', 'app', {captured}, {NOW}, {NOW})"
    )


def account(changes: str) -> str:
    """Return the SQL that changes the account's two numbers."""
    return f"UPDATE users SET {changes} WHERE id = {ACCOUNT}"


def _taken(amount: int, corrects: str = GRANTED) -> str:
    return entry(-amount, 70 - amount, "clawback", "refund:re_1", corrects=corrects)


# (the law that is broken, the statements that break it)
FAULTS: list[tuple[str, list[str]]] = [
    ("every entry and hold has its account", [f"DELETE FROM users WHERE id = {ACCOUNT}"]),
    ("posted is the sum of the entries", [account("credits = 71")]),
    ("posted is the sum of the entries", [f"DELETE FROM ledger_entries WHERE {GRANTED}"]),
    ("posted is the sum of the entries", [f"UPDATE ledger_entries SET amount = 101 WHERE {GRANTED}"]),
    ("posted is the sum of the entries", [f"UPDATE ledger_entries SET user_id = {NEIGHBOR} WHERE {SPENT}"]),
    ("posted is the sum of the entries", [entry(5, 75, "grant", "purchase:9")]),
    ("held is the sum of the open holds", [account("credits_held = 21")]),
    ("held is the sum of the open holds", ["DELETE FROM holds WHERE status = 'open'"]),
    ("held is the sum of the open holds", ["UPDATE holds SET amount = 21 WHERE status = 'open'"]),
    ("held is the sum of the open holds", ["UPDATE holds SET status = 'released' WHERE status = 'open'"]),
    ("every entry records the balance after it", [f"UPDATE ledger_entries SET balance_after = 71 WHERE {SPENT}"]),
    (
        "spending stops at zero",
        [hold(90, "captured", "90"), entry(-90, -20, "capture", "capture:100"), account("credits = -20")],
    ),
    ("holding stops at zero", [hold(51, "open"), account("credits_held = 71")]),
    ("an idempotency key exists once", [entry(5, 75, "grant", "purchase:1"), account("credits = 75")]),
    ("a capture takes no more than its hold", ["UPDATE holds SET amount = 29 WHERE status = 'captured'"]),
    ("a capture takes no more than its hold", ["UPDATE holds SET captured_amount = NULL WHERE status = 'captured'"]),
    ("every hold has its maker", ["UPDATE holds SET maker = '' WHERE status = 'open'"]),
    ("every captured hold has its entry", [hold(5, "captured", "5")]),
    ("every captured hold has its entry", ["UPDATE holds SET captured_amount = 29 WHERE status = 'captured'"]),
    ("every captured hold has its entry", [f"UPDATE ledger_entries SET idempotency_key = 'x' WHERE {SPENT}"]),
    ("every capture has its captured hold", ["DELETE FROM holds WHERE status = 'captured'"]),
    ("every capture has its captured hold", ["UPDATE holds SET status = 'expired' WHERE status = 'captured'"]),
    ("a correction stays within its grant", [_taken(101)]),
    ("a correction stays within its grant", [_taken(5, corrects="")]),
    ("a correction stays within its grant", [_taken(5, corrects=SPENT)]),
    ("a correction stays within its grant", [_taken(5, corrects="idempotency_key = 'purchase:2'")]),
    (
        "a correction stays within its grant",
        [entry(5, 75, "reinstatement", "refund:re_1:failed", corrects=GRANTED), account("credits = 75")],
    ),
    ("a reversal is equal and opposite", [entry(29, 99, "reversal", "reversal:1", reverses=SPENT)]),
    ("a reversal is equal and opposite", [entry(30, 130, "reversal", "reversal:1", user=NEIGHBOR, reverses=SPENT)]),
]
# PostgreSQL's bigint can't hold one.
FRACTION = ("credits are whole numbers", [f"UPDATE ledger_entries SET amount = 99.5 WHERE {GRANTED}"])


def faults_for(engine_name: str) -> list[tuple[str, list[str]]]:
    """Return the faults that can be planted in this database."""
    return [*FAULTS, FRACTION] if engine_name == "sqlite" else FAULTS


def plant(session: Session, statements: list[str]) -> None:
    """Run the statements with the constraints gone and the guards out of the way; the guards are back afterwards.

    Not committed: a rollback brings back the book as it was.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    take_away, bring_back = _sqlite_ways() if is_sqlite else _postgresql_ways(session)
    for statement in (*take_away, *statements, *bring_back):
        session.connection().exec_driver_sql(statement)


def ways_to_lose_a_guard(engine_name: str) -> list[tuple[str, str]]:
    """Return each guard with each statement that takes it out of force."""
    guards = SQLITE_GUARDS if engine_name == "sqlite" else POSTGRESQL_GUARDS
    tables = {name: sql.split(" ON ")[1].split()[0] for name, sql in guards.items() if "CREATE TRIGGER" in sql}
    if engine_name == "sqlite":
        return [(name, f"DROP TRIGGER {name}") for name in tables]
    forms = (
        "DROP TRIGGER {0} ON {1}",
        "ALTER TABLE {1} DISABLE TRIGGER {0}",
        "ALTER TABLE {1} ENABLE REPLICA TRIGGER {0}",
    )
    return [(name, form.format(name, table)) for name, table in tables.items() for form in forms]


def _sqlite_ways() -> tuple[list[str], list[str]]:
    """A table made from a SELECT has neither constraints nor triggers, like a copy made by a careless hand.

    What refers to such a table can't go on doing so.
    """
    take_away = ["DROP TRIGGER users_hold_what_is_available", "DROP TABLE qr_batches"]
    for table in ("ledger_entries", "holds"):
        take_away += [f"CREATE TABLE bare AS SELECT * FROM {table}", f"DROP TABLE {table}"]
        take_away += [f"ALTER TABLE bare RENAME TO {table}"]
    return take_away, list(SQLITE_GUARDS.values())


def _postgresql_ways(session: Session) -> tuple[list[str], list[str]]:
    found = session.connection().exec_driver_sql(
        "SELECT conrelid::regclass, conname FROM pg_constraint"
        " WHERE conrelid IN ('ledger_entries'::regclass, 'holds'::regclass) AND contype IN ('u', 'c', 'f')"
    )
    drops = [f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" for table, constraint in found]
    return (
        drops + [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in GUARDED],
        [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in GUARDED],
    )

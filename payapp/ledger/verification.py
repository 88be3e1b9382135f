"""verify(): do the laws of README.md hold for every account? Reads only; each law is one statement."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from payapp.ledger.guards import POSTGRESQL_GUARDS, SQLITE_GUARDS

# law → the rows that break it, as (user_id, what the book should say, what it says).
# One statement each, so that each sees one moment, also while others write.
LAWS = {
    "credits are whole numbers": """
        SELECT user_id, CAST(amount AS BIGINT), amount FROM ledger_entries WHERE amount <> CAST(amount AS BIGINT)
        UNION ALL SELECT user_id, CAST(amount AS BIGINT), amount FROM holds WHERE amount <> CAST(amount AS BIGINT)""",
    "every entry and hold has its account": """
        SELECT user_id, user_id, NULL FROM (SELECT user_id FROM ledger_entries UNION SELECT user_id FROM holds) AS known
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.id = known.user_id)""",
    "posted is the sum of the entries": """
        SELECT users.id, COALESCE(entries.total, 0), users.credits
        FROM users
        LEFT JOIN (SELECT user_id, SUM(amount) AS total FROM ledger_entries GROUP BY user_id) AS entries
          ON entries.user_id = users.id
        WHERE users.credits <> COALESCE(entries.total, 0)""",
    "held is the sum of the open holds": """
        SELECT users.id, COALESCE(open_holds.total, 0), users.credits_held
        FROM users
        LEFT JOIN (SELECT user_id, SUM(amount) AS total FROM holds WHERE status = 'open' GROUP BY user_id)
          AS open_holds ON open_holds.user_id = users.id
        WHERE users.credits_held <> COALESCE(open_holds.total, 0)""",
    "every entry records the balance after it": """
        SELECT user_id, expected, balance_after FROM (
          SELECT user_id, balance_after, SUM(amount) OVER (PARTITION BY user_id ORDER BY id) AS expected
          FROM ledger_entries) AS running
        WHERE balance_after <> expected""",
    # Only a claw-back and its like may lead below zero, and by their own amount at most.
    "spending stops at zero": """
        SELECT user_id, debt, balance_after FROM (
          SELECT user_id, entry_type, balance_after,
            SUM(CASE WHEN entry_type <> 'capture' AND amount < 0 THEN amount ELSE 0 END)
              OVER (PARTITION BY user_id ORDER BY id) AS debt
          FROM ledger_entries) AS running
        WHERE entry_type = 'capture' AND balance_after < debt""",
    "holding stops at zero": """
        SELECT users.id, COALESCE(debts.total, 0), users.credits - users.credits_held
        FROM users
        LEFT JOIN (SELECT user_id, SUM(amount) AS total FROM ledger_entries
                   WHERE amount < 0 AND entry_type <> 'capture' GROUP BY user_id) AS debts
          ON debts.user_id = users.id
        WHERE users.credits - users.credits_held < COALESCE(debts.total, 0)""",
    "an idempotency key exists once": """
        SELECT MIN(user_id), 1, COUNT(*) FROM ledger_entries GROUP BY idempotency_key HAVING COUNT(*) > 1""",
    "a capture takes no more than its hold": """
        SELECT user_id, amount, captured_amount FROM holds
        WHERE status = 'captured' AND (captured_amount IS NULL OR captured_amount NOT BETWEEN 1 AND amount)""",
    "every hold has its maker": """
        SELECT user_id, 'a maker', maker FROM holds
        WHERE maker IS NULL OR (maker NOT IN ('app', 'user', 'program') AND substr(maker, 1, 8) <> 'service:')""",
    "every captured hold has its entry": """
        SELECT holds.user_id, -holds.captured_amount, ledger_entries.amount
        FROM holds
        LEFT JOIN ledger_entries ON ledger_entries.idempotency_key = 'capture:' || holds.id
          AND ledger_entries.user_id = holds.user_id
        WHERE holds.status = 'captured'
          AND (ledger_entries.amount IS NULL OR ledger_entries.amount <> -holds.captured_amount)""",
    # EXCEPT, because SQLite would look through all holds for each capture.
    "every capture has its captured hold": """
        SELECT user_id, amount, NULL FROM ledger_entries
        WHERE entry_type = 'capture' AND idempotency_key IN (
          SELECT idempotency_key FROM ledger_entries WHERE entry_type = 'capture'
          EXCEPT SELECT 'capture:' || id FROM holds WHERE status = 'captured')""",
    "a correction stays within its grant": """
        SELECT correction.user_id, CASE WHEN granted.entry_type = 'grant' THEN -granted.amount END,
          SUM(correction.amount)
        FROM ledger_entries AS correction
        LEFT JOIN ledger_entries AS granted
          ON granted.id = correction.corrects_entry_id AND granted.user_id = correction.user_id
        WHERE correction.corrects_entry_id IS NOT NULL OR correction.entry_type IN ('clawback', 'reinstatement')
        GROUP BY correction.user_id, correction.corrects_entry_id, granted.entry_type, granted.amount
        HAVING granted.entry_type IS NULL OR granted.entry_type <> 'grant'
          OR SUM(correction.amount) NOT BETWEEN -granted.amount AND 0""",
    # IS NOT NULL, because PostgreSQL would join every entry, though hardly any reverses another.
    "a reversal is equal and opposite": """
        SELECT reversal.user_id, -entry.amount, reversal.amount
        FROM ledger_entries AS reversal JOIN ledger_entries AS entry ON entry.id = reversal.reverses_entry_id
        WHERE reversal.reverses_entry_id IS NOT NULL
          AND (reversal.amount <> -entry.amount OR reversal.user_id <> entry.user_id)""",
}


@dataclass(frozen=True)
class Violation:
    """A law that does not hold: for which account (None: for the database itself), and by how much."""

    law: str
    user_id: int | None
    expected: int | Decimal | str | None  # PostgreSQL's sums are Decimal
    found: int | Decimal | str | None


def verify(session: Session) -> list[Violation]:
    """Return every violation of the ledger's laws; empty when the book is right. Writes nothing."""
    return [*_broken_laws(session), *_missing_guards(session)]


def _broken_laws(session: Session) -> Iterator[Violation]:
    for law, statement in LAWS.items():
        for user_id, expected, found in session.execute(text(statement)):
            yield Violation(law, user_id, expected, found)


def _missing_guards(session: Session) -> Iterator[Violation]:
    """A guard dropped by hand, or switched off, leaves the book open to edits that no sum would show."""
    if session.get_bind().dialect.name == "sqlite":
        guards, statement = SQLITE_GUARDS, "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        # Enabled for ordinary sessions: neither disabled nor for replicas only.
        guards, statement = POSTGRESQL_GUARDS, "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
    expected = {name for name, sql in guards.items() if "CREATE TRIGGER" in sql}
    present = set(session.execute(text(statement)).scalars())
    for name in sorted(expected - present):
        yield Violation("the database guards the book", None, name, None)

"""Each operation of the ledger as one PostgreSQL statement; see database/one_statement.py.

What is here begins from a row `asked`, which the caller's part of the statement writes if the operation `is_possible`
as far as the statement can see: an API's request, Stripe's event. Then all that follows happens too, or the database
refuses a NULL and nothing has happened, `asked` included. So what was seen may be old: who came between is noticed.

Locks are taken in the order of the long way (holds.py, posting.py): `asked`, a hold that ends, the account.
"""

from dataclasses import dataclass

from payapp.ledger.holds import OPEN_HOLDS_MAX
from payapp.ledger.makers import ANY_PROGRAM


@dataclass(frozen=True)
class Part:
    """A part of a statement: when it `is_possible`, the `steps` after `asked`, and the columns it `tells`."""

    is_possible: str
    steps: str
    tells: str

    def complete(self, asked: str) -> str:
        """Return the whole statement; `asked` is the INSERT that begins it, with its own RETURNING."""
        return f"WITH asked AS ({asked}), {self.steps} SELECT {self.tells}"


IS_AVAILABLE = "users.credits - users.credits_held >= %(amount)s"
IS_POSSIBLE = f"""
    EXISTS (SELECT FROM users WHERE users.id = %(user_id)s AND {IS_AVAILABLE})
    AND NOT EXISTS (
        SELECT FROM holds WHERE idempotency_key = %(cause)s::varchar AND maker IN (%(maker)s::varchar, '{ANY_PROGRAM}')
    )"""  # nosec B608  # only constants
EXPIRES_AT = "clock_timestamp() + make_interval(secs => %(expires_in_seconds)s)"
ENTRY = "user_id, amount, balance_after, entry_type, category, idempotency_key, note, created_at"

# The account is locked before it is weighed again: of two who want the same credits the second sees what is left.
SPEND = Part(
    is_possible=IS_POSSIBLE,
    steps=f"""
account AS (
    SELECT users.id FROM asked, users WHERE users.id = %(user_id)s AND {IS_AVAILABLE} FOR NO KEY UPDATE OF users
), hold AS (
    INSERT INTO holds (user_id, amount, captured_amount, status, feature, note, maker, idempotency_key,
                       created_at, ended_at, expires_at)
    SELECT account.id, %(amount)s, %(amount)s, 'captured', %(feature)s::varchar, %(note)s::varchar, %(maker)s::varchar,
           %(cause)s::varchar, %(now)s, %(now)s, {EXPIRES_AT}
    FROM asked LEFT JOIN account ON true
    RETURNING id
), changed AS (
    UPDATE users SET credits = credits - %(amount)s FROM hold WHERE users.id = %(user_id)s RETURNING credits
), entry AS (
    INSERT INTO ledger_entries ({ENTRY})
    SELECT %(user_id)s, -%(amount)s, changed.credits, 'capture', NULL, 'capture:' || hold.id,
           coalesce(%(note)s::varchar, %(feature)s::varchar), %(now)s
    FROM hold LEFT JOIN changed ON true
    RETURNING id, amount, balance_after, note, created_at
)""",  # nosec B608  # only constants
    tells="* FROM entry",
)

# How many are open is asked once the account is locked, by a function: it sees what was committed until then.
PLACE = Part(
    is_possible=IS_POSSIBLE,
    steps=f"""
account AS (
    UPDATE users SET credits_held = credits_held + %(amount)s FROM asked
    WHERE users.id = %(user_id)s AND {IS_AVAILABLE} RETURNING users.id
), hold AS (
    INSERT INTO holds (user_id, amount, status, feature, note, maker, idempotency_key, created_at, expires_at)
    SELECT account.id, %(amount)s, CASE WHEN count_open_holds(account.id) < {OPEN_HOLDS_MAX} THEN 'open' END,
           %(feature)s::varchar, %(note)s::varchar, %(maker)s::varchar, %(cause)s::varchar, %(now)s, {EXPIRES_AT}
    FROM asked LEFT JOIN account ON true
    RETURNING id, user_id, amount, captured_amount, status, feature, note, created_at, expires_at, maker
)""",  # nosec B608  # only constants
    tells="* FROM hold",
)

IS_OPEN = f"""
    holds.id = %(hold_id)s AND holds.user_id = %(user_id)s AND holds.maker IN (%(maker)s::varchar, '{ANY_PROGRAM}')
    AND holds.status = 'open' AND holds.expires_at > clock_timestamp()"""
IS_ENOUGH = "holds.amount >= coalesce(%(wanted)s, holds.amount)"

CAPTURE = Part(
    is_possible=f"EXISTS (SELECT FROM holds WHERE {IS_OPEN} AND {IS_ENOUGH})",  # nosec B608  # only constants
    steps=f"""
hold AS (
    UPDATE holds SET status = 'captured', captured_amount = coalesce(%(wanted)s, amount), ended_at = %(now)s
    FROM asked WHERE {IS_OPEN} AND {IS_ENOUGH}
    RETURNING holds.id, user_id, amount, captured_amount, coalesce(note, feature) AS note
), changed AS (
    UPDATE users SET credits = credits - hold.captured_amount, credits_held = credits_held - hold.amount
    FROM hold WHERE users.id = hold.user_id RETURNING users.credits
), entry AS (
    INSERT INTO ledger_entries ({ENTRY})
    SELECT hold.user_id, -hold.captured_amount, changed.credits, 'capture', NULL, 'capture:' || hold.id, hold.note,
           %(now)s
    FROM asked LEFT JOIN (hold CROSS JOIN changed) ON true
    RETURNING id, amount, balance_after, note, created_at
)""",  # nosec B608  # only constants
    tells="* FROM entry",
)

RELEASE = Part(
    is_possible=f"EXISTS (SELECT FROM holds WHERE {IS_OPEN})",  # nosec B608  # only constants
    steps=f"""
hold AS (
    UPDATE holds SET status = 'released', ended_at = %(now)s FROM asked WHERE {IS_OPEN}
    RETURNING holds.id, user_id, amount, captured_amount, status, feature, note, created_at, expires_at, maker
), account AS (
    UPDATE users SET credits_held = credits_held - hold.amount FROM asked LEFT JOIN hold ON true
    WHERE users.id = %(user_id)s
)""",  # nosec B608  # only constants
    tells="* FROM hold",
)

# `paid` is the caller's: whose credits, how many, the entry's idempotency key and its note.
GRANT = Part(
    is_possible="true",
    steps=f"""
granted AS (
    UPDATE users SET credits = users.credits + paid.credits FROM paid WHERE users.id = paid.user_id
    RETURNING users.credits
), entry AS (
    INSERT INTO ledger_entries ({ENTRY})
    SELECT paid.user_id, paid.credits, granted.credits, 'grant', 'paid', paid.idempotency_key, paid.note, %(now)s
    FROM asked LEFT JOIN (paid CROSS JOIN granted) ON true
    RETURNING id
)""",  # nosec B608  # only constants
    tells="id FROM entry",
)

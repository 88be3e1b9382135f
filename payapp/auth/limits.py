"""How often something may be tried in a while, counted in the database: once for all processes and hosts.

The session comes first, nothing is committed here. Whoever counts commits before the trying begins: so of any number
who try at once no more than the limit get through.
"""

from dataclasses import dataclass
from hashlib import sha256
from math import ceil

from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.orm import Session

from payapp.auth.models import RateCounter
from payapp.database.base import insert_into, table_of
from payapp.database.sql_functions import database_now

WINDOW_SECONDS = 15 * 60
FORGET_BATCH = 1000

COUNTERS = table_of(RateCounter)


@dataclass(frozen=True)
class Limit:
    """What is limited, and how many are allowed in `window_seconds`, which begin with the first."""

    what: str
    tries_max: int
    window_seconds: int = WINDOW_SECONDS


WRONG_PASSWORDS = Limit("wrong passwords", 10)  # for one account, or for one browser that the account knows
LOGINS = Limit("logins", 50)  # from one address, or from such a browser
PASSKEY_LOGINS = Limit("passkey logins", 100)  # from one address: a passkey is not guessed, but each try leaves a row
# For one account whose password is known, or one browser that the account knows. Three codes of a million are right at
# any moment: with 20 tries a day for a year, two in a hundred would find one.
WRONG_CODES = Limit("wrong codes", 5)
WRONG_CODES_A_DAY = Limit("wrong codes a day", 20, 24 * 3600)
WRONG_RECOVERY_CODES = Limit("wrong recovery codes", 10)  # can't be guessed; apart, so that the way out stays open
EXPORTS = Limit("exports", 10)  # of one account: a long one is work for a minute
SIGN_UPS = Limit("sign-ups", 300)  # many people may share one address; a flood of made-up ones must end somewhere


RESET_MAILS = Limit("mails to reset a password", 5)  # to one address, with an account or without
RESETS = Limit("resets of passwords", 50)  # asked for from one address
CONFIRMATIONS = Limit("mails to confirm an address", 5)  # of one user
ADDRESS_CHANGES = Limit("changes of an address", 5)  # of one user
TAKEN_MAILS = Limit("mails about a taken address", 3)  # to one address; beyond it nobody is told anything


class TooOftenError(Exception):
    """The limit is reached. The window ends, and trying makes sense again, in `retry_after_seconds`."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


def count_try(session: Session, limit: Limit, whose: str) -> None:
    """Count one more try of `whose`. Raises TooOftenError, and counts nothing, when there were as many as allowed."""
    is_over = COUNTERS.c.window_ends_at <= database_now()
    window_end = database_now(limit.window_seconds)
    counted = (
        insert_into(session, RateCounter)
        .values(counter_key=_key(limit, whose), tries=1, window_ends_at=window_end)
        .on_conflict_do_update(
            index_elements=[COUNTERS.c.counter_key],
            set_={
                "tries": case((is_over, 1), else_=COUNTERS.c.tries + 1),
                "window_ends_at": case((is_over, window_end), else_=COUNTERS.c.window_ends_at),
            },
            where=or_(is_over, COUNTERS.c.tries < limit.tries_max),
        )
        .returning(COUNTERS.c.tries)
    )
    if session.execute(counted).scalar() is None:
        raise TooOftenError(_seconds_left(session, limit, whose))


def take_back(session: Session, limit: Limit, whose: str) -> None:
    """Count one try less: it turned out to be none of those that are limited (the password was right)."""
    is_counted = (COUNTERS.c.counter_key == _key(limit, whose), COUNTERS.c.tries > 0)
    session.execute(update(COUNTERS).where(*is_counted).values(tries=COUNTERS.c.tries - 1))


def forget_old_counters(session: Session, batch: int = FORGET_BATCH) -> int:
    """Delete up to `batch` counters whose window has ended; return how many."""
    old = select(COUNTERS.c.counter_key).where(COUNTERS.c.window_ends_at < database_now()).limit(batch)
    # Whoever is counting just now locks two of them, and must not wait for us while we wait for them.
    # Apart, not in the DELETE: PostgreSQL may run a subquery for each row again, and finds others once some are locked.
    free = session.scalars(old.with_for_update(skip_locked=True)).all()
    session.execute(delete(COUNTERS).where(COUNTERS.c.counter_key.in_(free)))
    return len(free)


def _key(limit: Limit, whose: str) -> str:
    return sha256(f"{limit.what}\0{whose}".encode(errors="surrogatepass")).hexdigest()


def _seconds_left(session: Session, limit: Limit, whose: str) -> int:
    """Return how long the window still lasts, at least a second: it may end in this very moment."""
    counter = select(COUNTERS.c.window_ends_at, database_now()).where(COUNTERS.c.counter_key == _key(limit, whose))
    row = session.execute(counter).one_or_none()
    return max(1, ceil((row[0] - row[1]).total_seconds())) if row else 1

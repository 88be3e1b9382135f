"""Logins: a row for each browser in which a user is logged in. Ending one is deleting its row, for all processes.

The session comes first, nothing is committed here. A browser's cookie carries a secret whose hash is in the row; so a
copy of the database opens no account, and a copied cookie opens none after the log-out.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, String, bindparam, delete, literal_column, or_, select, update
from sqlalchemy.orm import Session

from payapp.auth.models import LoggedInUser, Login, LoginSession
from payapp.auth.random_secrets import hash_secret, make_secret
from payapp.database.base import insert_into, table_of
from payapp.database.one_statement import read_row
from payapp.database.sql_functions import database_now
from payapp.ledger.balances import ACCOUNT_ID, FIND_ACCOUNT, Balance

IDLE_SECONDS_MAX = 30 * 24 * 3600  # without a page looked at
LIFE_SECONDS_MAX = 90 * 24 * 3600
SEEN_SECONDS = 3600  # how exactly it is written down when a login was seen: else every page would write
BROWSER_LENGTH_MAX = 255
FORGET_BATCH = 1000

LOGINS = table_of(LoginSession)
IS_OVER = or_(
    LOGINS.c.seen_at <= database_now(-IDLE_SECONDS_MAX), LOGINS.c.created_at <= database_now(-LIFE_SECONDS_MAX)
)
# Built once: every page of every user sends it.
FIND_LOGGED_IN = (
    FIND_ACCOUNT.add_columns(
        LOGINS.c.id,
        LOGINS.c.user_id,
        LOGINS.c.authenticated_at,
        LOGINS.c.seen_at,
        LOGINS.c.factor_at,
        literal_column("users.email", String),
        literal_column("users.is_staff", Boolean),
        literal_column("users.email_verified_at IS NOT NULL", Boolean),
    )
    .join(LOGINS, LOGINS.c.user_id == ACCOUNT_ID)
    .where(LOGINS.c.token_hash == bindparam("token_hash"), ~IS_OVER, literal_column("users.disabled_at").is_(None))
)


@dataclass(frozen=True)
class LoginView:
    """A login as its owner sees it in the list of all of theirs."""

    id: int
    browser: str
    created_at: datetime
    seen_at: datetime


def begin_login(session: Session, user_id: int, browser: str, *, with_factor: bool = False) -> str:
    """Log the user in, in a browser that calls itself so; return the secret for its cookie.

    `with_factor`: the user has shown a second factor.
    """
    token = make_secret()
    now = database_now()
    session.execute(
        insert_into(session, LoginSession).values(
            user_id=user_id,
            token_hash=hash_secret(token),
            browser=browser[:BROWSER_LENGTH_MAX],
            created_at=now,
            seen_at=now,
            authenticated_at=now,
            factor_at=now if with_factor else None,
        )
    )
    return token


def find_logged_in(session: Session, token: str) -> LoggedInUser | None:
    """Return whose login this is; None when it has ended, is over, or never was, and when the user is disabled."""
    row = read_row(session, FIND_LOGGED_IN, {"token_hash": hash_secret(token)})
    if row is None:
        return None
    posted, held, newest_entry_id, login_id, user_id, authenticated_at, seen_at, factor_at, *person = row
    email, is_staff, is_verified = person
    return LoggedInUser(
        user_id,
        email,
        bool(is_staff),
        bool(is_verified),
        Balance(posted=posted, held=int(held)),
        newest_entry_id,
        Login(login_id, token, authenticated_at, seen_at, factor_at),
    )


def note_seen(session: Session, login_id: int) -> None:
    """Write down that the login was used just now."""
    session.execute(update(LOGINS).where(LOGINS.c.id == login_id).values(seen_at=database_now()))


def renew_login(session: Session, login_id: int) -> str | None:
    """The same, with a new secret for its cookie, which is returned.

    Copies of the old cookie open nothing any more. None when the login has ended.
    """
    token, now = make_secret(), database_now()
    renewed = update(LOGINS).where(LOGINS.c.id == login_id)
    renewed = renewed.values(token_hash=hash_secret(token), seen_at=now, authenticated_at=now)
    return token if session.execute(renewed.returning(LOGINS.c.id)).scalar() is not None else None


def note_factor(session: Session, login_id: int) -> None:
    """Write down that the user has shown a second factor in this browser just now."""
    session.execute(update(LOGINS).where(LOGINS.c.id == login_id).values(factor_at=database_now()))


def forget_factor(session: Session, user_id: int) -> None:
    """Forget that the user has shown a second factor anywhere: there is none any more."""
    session.execute(update(LOGINS).where(LOGINS.c.user_id == user_id).values(factor_at=None))


def list_logins(session: Session, user_id: int) -> list[LoginView]:
    """Return the user's logins that are good still, those used last first."""
    columns = (LOGINS.c.id, LOGINS.c.browser, LOGINS.c.created_at, LOGINS.c.seen_at)
    mine = select(*columns).where(LOGINS.c.user_id == user_id, ~IS_OVER)
    return [LoginView(*row) for row in session.execute(mine.order_by(LOGINS.c.seen_at.desc(), LOGINS.c.id.desc()))]


def end_login(session: Session, token: str) -> None:
    """End the login with this secret. Harmless when there is none."""
    session.execute(delete(LOGINS).where(LOGINS.c.token_hash == hash_secret(token)))


def end_login_of(session: Session, user_id: int, login_id: int) -> bool:
    """End one of the user's own logins; return False for one that has ended, or is somebody else's."""
    mine = delete(LOGINS).where(LOGINS.c.id == login_id, LOGINS.c.user_id == user_id)
    return session.execute(mine.returning(LOGINS.c.id)).scalar() is not None


def end_logins(session: Session, user_id: int, but_for: int | None = None) -> None:
    """End all logins of the user, but for one."""
    session.execute(delete(LOGINS).where(LOGINS.c.user_id == user_id, LOGINS.c.id.is_distinct_from(but_for)))


def forget_old_logins(session: Session, batch: int = FORGET_BATCH) -> int:
    """Delete up to `batch` logins that are over; return how many."""
    over = session.scalars(select(LOGINS.c.id).where(IS_OVER).limit(batch)).all()
    session.execute(delete(LOGINS).where(LOGINS.c.id.in_(over)))
    return len(over)

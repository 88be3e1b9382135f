"""Logins that wait for their second factor. The session comes first, nothing is committed here.

A browser's cookie carries a secret whose hash is in the row, as with logins; but no page knows anybody by it.
"""

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from payapp.auth.accounts import lock_user
from payapp.auth.models import User
from payapp.auth.random_secrets import hash_secret, make_secret
from payapp.auth.second_step.models import PendingLogin
from payapp.database.base import insert_into, table_of
from payapp.database.sql_functions import database_now

PENDING_SECONDS_MAX = 10 * 60
FORGET_BATCH = 1000

PENDING, USERS = table_of(PendingLogin), table_of(User)


@dataclass(frozen=True)
class Waiting:
    """Who has shown the password in this browser and still has to show a second factor."""

    id: int
    user_id: int
    email: str
    password_mark: str


def begin_pending_login(session: Session, user_id: int, password_hash: str) -> str:
    """Write down that the password was right; return the secret for the browser's cookie."""
    token = make_secret()
    session.execute(
        insert_into(session, PendingLogin).values(
            user_id=user_id,
            token_hash=hash_secret(token),
            password_mark=hash_secret(password_hash),
            expires_at=database_now(PENDING_SECONDS_MAX),
        )
    )
    return token


def find_pending_login(session: Session, token: str) -> Waiting | None:
    """Return who waits; None when it took too long, is done, the password was changed, or the user is disabled."""
    found = (
        select(PENDING.c.id, PENDING.c.user_id, USERS.c.email, PENDING.c.password_mark, USERS.c.password_hash)
        .join(USERS, USERS.c.id == PENDING.c.user_id)
        .where(
            PENDING.c.token_hash == hash_secret(token),
            PENDING.c.expires_at > database_now(),
            USERS.c.disabled_at.is_(None),
        )
    )
    row = session.execute(found).one_or_none()
    if row is None or row.password_mark != hash_secret(row.password_hash):
        return None
    return Waiting(row.id, row.user_id, row.email, row.password_mark)


def finish_pending_login(session: Session, waiting: Waiting) -> bool:
    """Use the row up; return whether the login may begin. Of two at once one may; after a changed password none.

    The user's row is locked: who changes the password at the same moment comes before, and we see it, or after, and
    ends the login that we begin.
    """
    password_hash = lock_user(session, waiting.user_id)
    row = delete(PENDING).where(PENDING.c.id == waiting.id, PENDING.c.expires_at > database_now())
    is_first = session.execute(row.returning(PENDING.c.id)).scalar() is not None
    return is_first and password_hash is not None and hash_secret(password_hash) == waiting.password_mark


def end_pending_login(session: Session, token: str) -> None:
    """Forget the login that waits in this browser. Harmless when there is none."""
    session.execute(delete(PENDING).where(PENDING.c.token_hash == hash_secret(token)))


def forget_old_pending_logins(session: Session, batch: int = FORGET_BATCH) -> int:
    """Delete up to `batch` logins that waited for too long; return how many."""
    over = session.scalars(select(PENDING.c.id).where(PENDING.c.expires_at <= database_now()).limit(batch)).all()
    session.execute(delete(PENDING).where(PENDING.c.id.in_(over)))
    return len(over)

"""Making users and checking passwords. Core-like: the session comes first, nothing is committed here."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Executable, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from payapp.auth.email_addresses import normalize_email, spellings_of
from payapp.auth.hashing import hash_in_turn
from payapp.auth.models import User
from payapp.database.base import table_of

# Built once: nearly every request sends one of them.
USERS = table_of(User)
IS_DISABLED = USERS.c.disabled_at.is_not(None)
FIND_BY_ID = select(USERS.c.id, IS_DISABLED).where(USERS.c.id == bindparam("user_id"))
FIND_BY_EMAIL = select(User.email, User).where(User.email.in_(bindparam("spellings", expanding=True)))
FIND_IDENTITY_BY_EMAIL = select(USERS.c.email, USERS.c.id, IS_DISABLED).where(
    USERS.c.email.in_(bindparam("spellings", expanding=True))
)

hasher = PasswordHasher()  # argon2id with the library's recommended parameters


class EmailTakenError(Exception):
    """Somebody has signed up with this e-mail address already."""


@dataclass(frozen=True)
class Identity:
    """Whom an id or an address names."""

    id: int
    is_disabled: bool


def create_user(session: Session, email: str, password: str) -> User:
    """Make a user. Raises EmailTakenError, also when another process made the same one at the same instant.

    Flushes, so that the unique constraint speaks now; after the error the session must be rolled back.
    """
    user = User(email=normalize_email(email), password_hash=make_hash(password))  # slow: nothing is locked yet
    if find_user_id(session, email) is not None:  # perhaps in an older spelling, of which the constraint knows nothing
        raise EmailTakenError(email)
    session.add(user)
    try:
        session.flush()
    except IntegrityError as error:
        session.rollback()
        if find_user_id(session, email) is None:
            raise
        raise EmailTakenError(email) from error
    return user


def change_email(session: Session, user_id: int, email: str) -> None:
    """Give a user another address. Stripe is told by the next sync (billing/customer_sync.py).

    Raises EmailTakenError when it is somebody else's; the session must be rolled back then.
    """
    if find_user_id(session, email) not in (None, user_id):
        raise EmailTakenError(email)
    statement = update(User).where(User.id == user_id).values(email=normalize_email(email))
    try:
        session.execute(statement)
    except IntegrityError as error:
        session.rollback()
        if find_user_id(session, email) is None:
            raise
        raise EmailTakenError(email) from error


def find_user(session: Session, email: str) -> User | None:
    """Return the user with this e-mail address, however it is spelled."""
    row = _find_by_spelling(session, FIND_BY_EMAIL, email)
    user: User | None = row[1] if row else None
    return user


def find_user_id(session: Session, reference: int | str) -> int | None:
    """Return the id of the user with this id or e-mail address, None if there is none."""
    found = find_identity(session, reference)
    return found.id if found else None


def find_identity(session: Session, reference: int | str) -> Identity | None:
    """Return whom this id or e-mail address names, None if nobody."""
    if isinstance(reference, int):
        row = session.execute(FIND_BY_ID, {"user_id": reference}).one_or_none()
        return Identity(*row) if row else None
    row = _find_by_spelling(session, FIND_IDENTITY_BY_EMAIL, reference)
    return Identity(*row[1:]) if row else None


def _find_by_spelling(session: Session, statement: Executable, email: str) -> Any:
    """Return the row that begins with the address, None if nobody has it.

    Of two old accounts that are one mailbox in two spellings (see migration 0009), the one in the spelling given.
    """
    spellings = spellings_of(email)
    found = {row[0]: row for row in session.execute(statement, {"spellings": spellings})}
    return next((found[spelling] for spelling in spellings if spelling in found), None)


def is_right_password(password_hash: str | None, password: str) -> bool:
    """Whether the hash was made of this password. None, for an unknown address, takes as long as a wrong password.

    Call it with no transaction open, because verifying takes its time.
    """
    try:
        hash_in_turn(lambda: hasher.verify(password_hash or _nobodys_hash(), password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def find_stronger_hash(password_hash: str, password: str) -> str | None:
    """Hash the password again if today's parameters are stronger than those of its hash; None if they are not.

    Call it with no transaction open.
    """
    return make_hash(password) if hasher.check_needs_rehash(password_hash) else None


def make_hash(password: str) -> str:
    """Hash a password by today's parameters. Call it with no transaction open."""
    return hash_in_turn(lambda: hasher.hash(password))


def replace_hash(session: Session, user_id: int, old_hash: str, new_hash: str) -> None:
    """Keep another hash of the same password; if the password was changed meanwhile, that one stays."""
    session.execute(
        update(User).where(User.id == user_id, User.password_hash == old_hash).values(password_hash=new_hash)
    )


def count_users(session: Session) -> int:
    """Return how many users there are."""
    return session.scalar(select(func.count()).select_from(User)) or 0


@cache
def _nobodys_hash() -> str:
    return hasher.hash("the password of nobody")

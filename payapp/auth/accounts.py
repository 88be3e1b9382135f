"""Making users and checking passwords. Core-like: the session comes first, nothing is committed here."""

import secrets
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
from payapp.database.clock import utc_now

# Built once: nearly every request sends one of them.
USERS = table_of(User)
IS_THERE = USERS.c.deleted_at.is_(None)
IS_DISABLED = USERS.c.disabled_at.is_not(None)
FIND_BY_ID = select(USERS.c.id, IS_DISABLED).where(USERS.c.id == bindparam("user_id"), IS_THERE)
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


def find_user_by_id(session: Session, user_id: int) -> User | None:
    """Return the user with this id, as the database has it now."""
    return session.get(User, user_id, populate_existing=True)


def find_user_id(session: Session, reference: int | str) -> int | None:
    """Return the id of the user with this id or e-mail address, None if there is none, or they are deleted."""
    found = find_identity(session, reference)
    return found.id if found else None


def find_identity(session: Session, reference: int | str) -> Identity | None:
    """Return whom this id or e-mail address names; None if nobody, or somebody who is deleted."""
    if isinstance(reference, int):
        row = session.execute(FIND_BY_ID, {"user_id": reference}).one_or_none()
        return Identity(*row) if row else None
    row = _find_by_spelling(session, FIND_IDENTITY_BY_EMAIL, reference)
    return Identity(*row[1:]) if row else None


def lock_user(session: Session, user_id: int) -> str | None:
    """Have the user's row to ourselves until the transaction ends; return the hash of the password.

    None for a user who is disabled. The book is not locked out: references to the row are still made.
    """
    user = select(USERS.c.password_hash).where(USERS.c.id == user_id, USERS.c.disabled_at.is_(None))
    return session.scalar(user.with_for_update(key_share=True))


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


def has_password_still(session: Session, user_id: int, password_hash: str) -> bool:
    """Whether this is the user's password at this moment, and until the transaction ends.

    Who changes it meanwhile waits for us, and ends the login that we begin; who has just changed it is waited for.
    """
    same = select(USERS.c.id).where(USERS.c.id == user_id, USERS.c.password_hash == password_hash)
    return session.scalar(same.with_for_update()) is not None


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


def change_password(session: Session, user_id: int, old_hash: str, new_hash: str) -> bool:
    """Keep the hash of a new password; False when the old one was changed meanwhile, by somebody else."""
    is_same = (User.id == user_id, User.password_hash == old_hash)
    changed = update(User).where(*is_same).values(password_hash=new_hash).returning(User.id)
    return session.execute(changed).scalar() is not None


def anonymize_user(session: Session, user_id: int, unusable_hash: str) -> bool:
    """Let nothing in the user's row tell who it was; False when they are deleted already. The row stays for the book.

    Nobody can have the address that is left. What leads to the Stripe customer stays until that is deleted too
    (billing/customer_deletion.py). Locks the user: nobody logs in, buys or makes a key for them from here on.
    """
    now = utc_now()
    anonymous = {
        "email": f"deleted-{user_id}@deleted.invalid",
        "password_hash": unusable_hash,
        "stripe_refused_email": None,
        "email_verified_at": None,
        "disabled_at": func.coalesce(User.disabled_at, now),
        "deleted_at": now,
        "is_staff": False,
    }
    changed = update(User).where(User.id == user_id, User.deleted_at.is_(None)).values(anonymous).returning(User.id)
    return session.execute(changed).scalar() is not None


def make_unusable_hash() -> str:
    """Return a hash that no password opens, and that takes as long to verify as any. No transaction may be open."""
    return make_hash(secrets.token_urlsafe(32))


def count_users(session: Session) -> int:
    """Return how many users there are; not those who are deleted."""
    return session.scalar(select(func.count()).select_from(User).where(IS_THERE)) or 0


@cache
def _nobodys_hash() -> str:
    return hasher.hash("the password of nobody")

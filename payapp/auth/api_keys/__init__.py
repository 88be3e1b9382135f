"""API keys: making, finding, rotating and revoking them. The session comes first, nothing is committed here.

A key is `payapp_<10 hex digits>_<64 hex digits>`. The part before the second underscore is its prefix: readable,
unique, on every list. Of the whole only the SHA-256 is kept. A fast hash is right here, where a password needs a
slow one: nobody can guess among 2**256 secrets, however fast they try, and the key is looked up at every request.
The lookup by that hash is one indexed SELECT, and how long it takes tells nothing about any key.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, column, func, insert, or_, select, table, update
from sqlalchemy.orm import Session

from payapp.auth.api_keys.models import ApiKey, Scope
from payapp.auth.random_secrets import hash_secret
from payapp.database.base import UtcDateTime, table_of
from payapp.database.clock import utc_now

NAME_LENGTH_MAX = 80
PREFIX_BYTES = 5
SECRET_BYTES = 32
SHAPE = re.compile(r"payapp_[0-9a-f]{10}_[0-9a-f]{64}")
USE_NOTED_EVERY = timedelta(minutes=1)  # a write for each request would cost more than the request

KEYS = table_of(ApiKey)

# A user seen as the owner of keys. The table itself belongs to auth/models.py.
owners = table("users", column("id", BigInteger), column("disabled_at", UtcDateTime))

# Built once, as in ledger/posting.py: every request of the API sends the first.
FIND_ACTIVE = (
    select(
        *(KEYS.c[name] for name in ("id", "user_id", "prefix", "name", "scope", "last_used_at")),
        owners.c.disabled_at.is_not(None),
    )
    .outerjoin(owners, owners.c.id == KEYS.c.user_id)
    .where(KEYS.c.key_hash == bindparam("key_hash"), KEYS.c.revoked_at.is_(None))
)
NOTE_USE = (
    update(KEYS)
    .where(KEYS.c.id == bindparam("key_id"))
    .where(or_(KEYS.c.last_used_at.is_(None), KEYS.c.last_used_at < bindparam("before", type_=UtcDateTime)))
    .values(last_used_at=bindparam("now", type_=UtcDateTime))
)


class UnknownApiKeyError(Exception):
    """There is no such key, it is somebody else's, or it is revoked already."""

    def __init__(self, key: int | str) -> None:
        super().__init__(f"no API key {key} that is still valid")
        self.key = key


@dataclass(frozen=True)
class NewApiKey:
    """A key just made: `secret` is the whole of it, told this once."""

    prefix: str
    secret: str


@dataclass(frozen=True)
class ActiveApiKey:
    """The key that a request came with. `user_id` is its owner; None for a service key, whose `name` is the service.

    With `is_disabled` its owner is, and it opens nothing until they are enabled again.
    """

    id: int
    user_id: int | None
    prefix: str
    name: str
    scope: Scope
    last_used_at: datetime | None
    is_disabled: bool


@dataclass(frozen=True)
class OwnedKey:
    """A key and whose it is: None for a service key."""

    prefix: str
    user_id: int | None


@dataclass(frozen=True)
class ApiKeyView:
    """A key as its owner sees it."""

    id: int
    prefix: str
    name: str
    scope: Scope
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create_api_key(session: Session, user_id: int | None, name: str, scope: Scope) -> NewApiKey:
    """Make a key: of a user with `read` or `spend`, or with `service` and no user. The database refuses other pairs.

    A service is its name: what one key of it has begun, another may end.
    """
    prefix = f"payapp_{secrets.token_hex(PREFIX_BYTES)}"
    secret = f"{prefix}_{secrets.token_hex(SECRET_BYTES)}"
    values = {"user_id": user_id, "prefix": prefix, "key_hash": hash_secret(secret), "name": name, "scope": scope}
    session.execute(insert(KEYS).values(created_at=utc_now(), **values))
    return NewApiKey(prefix, secret)


def find_active_key(session: Session, secret: str) -> ActiveApiKey | None:
    """Return the key with this secret; None for one that is revoked, unknown, or no key at all."""
    if not SHAPE.fullmatch(secret):
        return None
    row: Any = session.execute(FIND_ACTIVE, {"key_hash": hash_secret(secret)}).one_or_none()
    return ActiveApiKey(*row) if row else None


def is_use_to_note(key: ActiveApiKey) -> bool:
    """Whether a minute has passed since `last_used_at` was written."""
    return key.last_used_at is None or key.last_used_at < utc_now() - USE_NOTED_EVERY


def note_use(session: Session, key_id: int) -> None:
    """Write that the key is used now; once a minute, however many processes ask at once."""
    now = utc_now()
    session.execute(NOTE_USE, {"key_id": key_id, "before": now - USE_NOTED_EVERY, "now": now})


def rotate_api_key(session: Session, user_id: int, key_id: int) -> NewApiKey:
    """Make another key with the same name and scope. Both are valid, until the old one is revoked.

    Raises UnknownApiKeyError.
    """
    return _rotate(session, key_id, KEYS.c.id == key_id, KEYS.c.user_id == user_id)


def rotate_by_prefix(session: Session, prefix: str) -> NewApiKey:
    """The same for any key, as operators name it."""
    return _rotate(session, prefix, KEYS.c.prefix == prefix)


def revoke_api_key(session: Session, user_id: int, key_id: int) -> str:
    """End a user's key and return its prefix. No request that begins after the commit is let in by it, anywhere.

    Raises UnknownApiKeyError.
    """
    return _revoke(session, key_id, KEYS.c.id == key_id, KEYS.c.user_id == user_id)


def revoke_api_keys(session: Session, user_id: int) -> None:
    """End all keys of a user."""
    session.execute(
        update(KEYS).where(KEYS.c.user_id == user_id, KEYS.c.revoked_at.is_(None)).values(revoked_at=utc_now())
    )


def revoke_by_prefix(session: Session, prefix: str) -> str:
    """The same for any key."""
    return _revoke(session, prefix, KEYS.c.prefix == prefix)


def get_key(session: Session, prefix: str) -> OwnedKey:
    """Return whose key this is, revoked or not. Raises UnknownApiKeyError."""
    row = session.execute(select(KEYS.c.prefix, KEYS.c.user_id).where(KEYS.c.prefix == prefix)).one_or_none()
    if row is None:
        raise UnknownApiKeyError(prefix)
    return OwnedKey(*row)


def revoke_all_of(session: Session, user_id: int) -> None:
    """End all keys of a user who is deleted, and forget what they were called."""
    revoked = {"revoked_at": func.coalesce(KEYS.c.revoked_at, utc_now()), "name": "deleted"}
    session.execute(update(KEYS).where(KEYS.c.user_id == user_id).values(revoked))


def list_api_keys(session: Session, user_id: int | None) -> Sequence[ApiKeyView]:
    """Return the user's keys, or for None the service keys, newest first; revoked ones too."""
    columns = [KEYS.c[name] for name in ApiKeyView.__dataclass_fields__]
    is_theirs = KEYS.c.user_id.is_(None) if user_id is None else KEYS.c.user_id == user_id
    return [ApiKeyView(*row) for row in session.execute(select(*columns).where(is_theirs).order_by(KEYS.c.id.desc()))]


def _rotate(session: Session, key: int | str, *conditions: ColumnElement[bool]) -> NewApiKey:
    standing = select(KEYS.c.user_id, KEYS.c.name, KEYS.c.scope).where(*conditions, KEYS.c.revoked_at.is_(None))
    row = session.execute(standing).one_or_none()
    if row is None:
        raise UnknownApiKeyError(key)
    return create_api_key(session, row.user_id, row.name, row.scope)


def _revoke(session: Session, key: int | str, *conditions: ColumnElement[bool]) -> str:
    statement = update(KEYS).where(*conditions, KEYS.c.revoked_at.is_(None)).values(revoked_at=utc_now())
    prefix: str | None = session.execute(statement.returning(KEYS.c.prefix)).scalar()
    if prefix is None:
        raise UnknownApiKeyError(key)
    return prefix

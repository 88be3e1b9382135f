"""The passkeys of a user: listed, kept, found by what a device calls them, used, removed."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from payapp.auth.factors.models import Passkey
from payapp.database.base import insert_into, table_of
from payapp.database.sql_functions import database_now

PASSKEYS_MAX = 20
HANDLE_BYTES = 32
NAME_LENGTH_MAX = 80

PASSKEYS = table_of(Passkey)


@dataclass(frozen=True)
class PasskeyView:
    """A passkey as its owner sees it in the list."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class KnownPasskey:
    """A passkey as an answer is checked against it."""

    id: int
    user_id: int
    public_key: bytes
    user_handle: bytes
    sign_count: int


def list_passkeys(session: Session, user_id: int) -> list[PasskeyView]:
    """Return the user's passkeys, the oldest first."""
    columns = (PASSKEYS.c.id, PASSKEYS.c.name, PASSKEYS.c.created_at, PASSKEYS.c.last_used_at)
    mine = select(*columns).where(PASSKEYS.c.user_id == user_id)
    return [PasskeyView(*row) for row in session.execute(mine.order_by(PASSKEYS.c.id))]


def count_passkeys(session: Session, user_id: int) -> int:
    """Return how many passkeys the user has."""
    return session.scalar(select(func.count()).select_from(PASSKEYS).where(PASSKEYS.c.user_id == user_id)) or 0


def list_credential_ids(session: Session, user_id: int) -> list[bytes]:
    """Return what their devices call the user's passkeys."""
    return list(session.scalars(select(PASSKEYS.c.credential_id).where(PASSKEYS.c.user_id == user_id)))


def find_user_handle(session: Session, user_id: int) -> bytes:
    """Return what the user's passkeys know the user by; a new one for a user without passkeys."""
    known = select(PASSKEYS.c.user_handle).where(PASSKEYS.c.user_id == user_id).order_by(PASSKEYS.c.id).limit(1)
    return session.scalar(known) or secrets.token_bytes(HANDLE_BYTES)


def find_passkey(session: Session, credential_id: bytes) -> KnownPasskey | None:
    """Return the passkey that a device calls so, whoever's it is."""
    columns = (PASSKEYS.c.id, PASSKEYS.c.user_id, PASSKEYS.c.public_key, PASSKEYS.c.user_handle, PASSKEYS.c.sign_count)
    row = session.execute(select(*columns).where(PASSKEYS.c.credential_id == credential_id)).one_or_none()
    return KnownPasskey(*row) if row else None


def keep_passkey(
    session: Session,
    user_id: int,
    name: str,
    *,
    credential_id: bytes,
    public_key: bytes,
    user_handle: bytes,
    sign_count: int,
) -> bool:
    """Keep a passkey whose first answer was checked; return False when it is known already, the user's or anybody's.

    The caller has the user's row locked and has counted the others.
    """
    kept = (
        insert_into(session, Passkey)
        .values(
            user_id=user_id,
            name=name,
            credential_id=credential_id,
            public_key=public_key,
            user_handle=user_handle,
            sign_count=sign_count,
            created_at=database_now(),
        )
        .on_conflict_do_nothing(index_elements=[PASSKEYS.c.credential_id])
        .returning(PASSKEYS.c.id)
    )
    return session.execute(kept).scalar() is not None


def note_use(session: Session, passkey: KnownPasskey, sign_count: int) -> bool:
    """Write down that the passkey was used, for the `sign_count`th time; return False if it is gone or was used since.

    Of two copies of a key that counts, used at once, one succeeds.
    """
    same = (PASSKEYS.c.id == passkey.id, PASSKEYS.c.sign_count == passkey.sign_count)
    used = update(PASSKEYS).where(*same).values(sign_count=sign_count, last_used_at=database_now())
    return session.execute(used.returning(PASSKEYS.c.id)).scalar() is not None


def remove_passkey(session: Session, user_id: int, passkey_id: int) -> str | None:
    """Forget one of the user's own passkeys; return its name, None for one that is gone or somebody else's."""
    mine = delete(PASSKEYS).where(PASSKEYS.c.id == passkey_id, PASSKEYS.c.user_id == user_id)
    name: str | None = session.execute(mine.returning(PASSKEYS.c.name)).scalar()
    return name


def remove_passkeys(session: Session, user_id: int) -> int:
    """Forget all passkeys of the user; return how many there were."""
    gone = delete(PASSKEYS).where(PASSKEYS.c.user_id == user_id).returning(PASSKEYS.c.id)
    return len(session.execute(gone).all())

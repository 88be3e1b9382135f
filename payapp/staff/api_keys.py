"""API keys made, rotated and revoked by staff."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.audit import Reason, write_down
from payapp.auth.api_keys import (
    KEYS,
    ApiKeyView,
    NewApiKey,
    create_api_key,
    get_key,
    revoke_by_prefix,
    rotate_by_prefix,
)
from payapp.auth.api_keys.models import Scope
from payapp.database.paging import NewestFirst, Place, read_page

COLUMNS = [KEYS.c[name] for name in ApiKeyView.__dataclass_fields__]


def find_key(session: Session, prefix: str) -> tuple[ApiKeyView, int | None] | None:
    """Return the key with this prefix, revoked or not, and its owner's id (of a service's: None)."""
    row: Any = session.execute(select(KEYS.c.user_id, *COLUMNS).where(KEYS.c.prefix == prefix)).one_or_none()
    return (ApiKeyView(*row[1:]), row[0]) if row else None


def list_service_keys(session: Session, place: Place) -> NewestFirst[ApiKeyView]:
    """Return a page of the keys that belong to no user, newest first."""
    of_services = select(*COLUMNS).where(KEYS.c.user_id.is_(None))
    return read_page(session, of_services, ApiKeyView, place, row_id=KEYS.c.id)


def make_key(session: Session, reason: Reason, user_id: int | None, name: str, scope: Scope) -> NewApiKey:
    """Make a key for a user, or for None a service key."""
    new = create_api_key(session, user_id, name, scope)
    after = {"name": name, "scope": scope}
    write_down(session, reason, "api_key_made", user_id=user_id, subject=f"api-key:{new.prefix}", after=after)
    return new


def rotate_key(session: Session, reason: Reason, prefix: str) -> NewApiKey:
    """Make another key like this one, which stays valid. Raises UnknownApiKeyError."""
    owner_id = get_key(session, prefix).user_id
    new = rotate_by_prefix(session, prefix)
    write_down(
        session,
        reason,
        "api_key_rotated",
        user_id=owner_id,
        subject=f"api-key:{prefix}",
        after={"new_key": new.prefix},
    )
    return new


def revoke_key(session: Session, reason: Reason, prefix: str) -> int | None:
    """End a key; return its owner's id, None for a service's. Raises UnknownApiKeyError."""
    owner_id = get_key(session, prefix).user_id
    revoke_by_prefix(session, prefix)
    write_down(
        session,
        reason,
        "api_key_revoked",
        user_id=owner_id,
        subject=f"api-key:{prefix}",
        before={"is_revoked": False},
        after={"is_revoked": True},
    )
    return owner_id

"""Links in mails: each good once, for a while, and only until a newer one of the same purpose is made.

The session comes first, nothing is committed here. Using a link is deleting its row, in the transaction of what it
allows: of any number who press at once, one finds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from payapp.auth.random_secrets import hash_secret, make_secret
from payapp.database.base import insert_into, table_of
from payapp.database.sql_functions import database_now
from payapp.mail.kinds import KINDS, LinkKind, Purpose
from payapp.mail.models import MailedLink
from payapp.mail.outbox import withdraw_mails

FORGET_BATCH = 1000

LINKS = table_of(MailedLink)


@dataclass(frozen=True)
class Link:
    """Whose link it is, and where it was sent."""

    user_id: int
    address: str


def make_link(session: Session, user_id: int, kind: LinkKind, address: str) -> str:
    """Return the token of a fresh link, whose hash alone is kept; the older one of this purpose is void from now on."""
    token = make_secret()
    values = {
        "token_hash": hash_secret(token),
        "address": address,
        "expires_at": database_now(kind.lifetime.total_seconds()),
    }
    row = insert_into(session, MailedLink).values(user_id=user_id, purpose=kind.purpose, **values)
    session.execute(row.on_conflict_do_update(index_elements=["user_id", "purpose"], set_=values))
    return token


def find_link(session: Session, purpose: Purpose, token: str) -> Link | None:
    """Return the link of this purpose, without using it; None when it is void, used, over, or never was."""
    row = session.execute(select(LINKS.c.user_id, LINKS.c.address).where(*_is_good(purpose, token))).one_or_none()
    return Link(*row) if row else None


def use_link(session: Session, purpose: Purpose, token: str) -> Link | None:
    """Use the link up and return it; None when it is void, used, over, or never was. Once, whoever else comes."""
    used = delete(LINKS).where(*_is_good(purpose, token)).returning(LINKS.c.user_id, LINKS.c.address)
    row = session.execute(used).one_or_none()
    return Link(*row) if row else None


def void_links(session: Session, user_id: int, purposes: Sequence[Purpose] = ("verify", "reset", "change")) -> None:
    """Make worthless what was mailed to the user for these purposes, and do not send what waits still.

    The mails first: a worker that is about to make a link for one is waited for, and its link goes too.
    """
    withdraw_mails(
        session, user_id, [name for name, kind in KINDS.items() if kind.link and kind.link.purpose in purposes]
    )
    session.execute(delete(LINKS).where(LINKS.c.user_id == user_id, LINKS.c.purpose.in_(purposes)))


def forget_old_links(session: Session, limit: int = FORGET_BATCH) -> int:
    """Delete up to `limit` links that nobody has used in time; return how many."""
    over = select(LINKS.c.token_hash).where(LINKS.c.expires_at <= database_now()).limit(limit)
    hashes = session.scalars(over).all()
    # Asked again: a newer link may have taken the place of one of them meanwhile.
    session.execute(delete(LINKS).where(LINKS.c.token_hash.in_(hashes)))
    return len(hashes)


def _is_good(purpose: Purpose, token: str) -> tuple[Any, ...]:
    return LINKS.c.token_hash == hash_secret(token), LINKS.c.purpose == purpose, LINKS.c.expires_at > database_now()

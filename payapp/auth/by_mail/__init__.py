"""What a link in a mail allows: confirming an address, setting a new password, changing the address.

Core-like: the session comes first, nothing is committed here. Each uses its link up in the transaction of what it does,
and raises LinkOverError when the link is void, used, over, or never was: the caller rolls back then.
"""

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from payapp.auth.accounts import USERS, change_email
from payapp.auth.api_keys import revoke_api_keys
from payapp.auth.factors.owned import remove_factors
from payapp.auth.login_sessions import end_logins
from payapp.database.sql_functions import database_now
from payapp.mail.kinds import Purpose
from payapp.mail.links import Link, use_link, void_links


class LinkOverError(Exception):
    """The link is void, used, over, or never was; or it is somebody else's."""


def confirm_address(session: Session, token: str) -> None:
    """Note that the user reads the mails to their address."""
    link = _use("verify", session, token)
    confirmed = update(USERS).where(*_has_address(link)).values(email_verified_at=database_now())
    if session.execute(confirmed.returning(USERS.c.id)).one_or_none() is None:
        raise LinkOverError


def reset_password(session: Session, token: str, password_hash: str) -> Link:
    """Give the user another password, end all their logins, and void all other links; return the link that was used.

    They read the mails to their address, so it is confirmed. If it was not before, somebody else may have made the
    account, and kept a key of it or set a factor: so its API keys and its factors end, too.
    """
    link = _use("reset", session, token)
    verified_at = session.scalar(select(USERS.c.email_verified_at).where(USERS.c.id == link.user_id))
    values = {
        "password_hash": password_hash,
        "email_verified_at": func.coalesce(USERS.c.email_verified_at, database_now()),
    }
    changed = update(USERS).where(*_has_address(link)).values(values)
    if session.execute(changed.returning(USERS.c.id)).one_or_none() is None:
        raise LinkOverError
    if verified_at is None:
        revoke_api_keys(session, link.user_id)
        remove_factors(session, link.user_id)
    end_logins(session, link.user_id)
    void_links(session, link.user_id)
    return link


def change_address(session: Session, user_id: int, token: str) -> Link:
    """Give the user the address that this link was sent to, and void all other links; return it.

    Raises EmailTakenError when somebody else has the address by now.
    """
    link = _use("change", session, token)
    if link.user_id != user_id:
        raise LinkOverError
    change_email(session, user_id, link.address)
    session.execute(update(USERS).where(USERS.c.id == user_id).values(email_verified_at=database_now()))
    void_links(session, user_id)
    return link


def _use(purpose: Purpose, session: Session, token: str) -> Link:
    link = use_link(session, purpose, token)
    if link is None:
        raise LinkOverError
    return link


def _has_address(link: Link) -> tuple[Any, ...]:
    """The user of the link, if they have the address still that it was sent to, and may come in."""
    return USERS.c.id == link.user_id, USERS.c.email == link.address, USERS.c.disabled_at.is_(None)

"""The outbox: mails to send, a row each, written in the transaction of what they tell.

The session comes first, nothing is committed here. jobs/mails.py sends what waits. A worker that takes a mail moves
its next try forward, past all the time that sending can take: so nobody else sends it meanwhile, and one whose worker
died is tried again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from payapp.database.base import insert_into, table_of
from payapp.database.sql_functions import database_now
from payapp.mail.kinds import KINDS
from payapp.mail.models import Mail

CLAIM_SECONDS = 5 * 60  # longer than transport.SEND_SECONDS_MAX, and a worker that stands still for a while
PAUSE_SECONDS = 60  # before the second try; it doubles with each
PAUSE_SECONDS_MAX = 6 * 3600
KEPT_SECONDS = 30 * 24 * 3600
ERROR_LENGTH_MAX = 500
FORGET_BATCH = 1000

MAILS = table_of(Mail)
NEXT_WAITING = (
    select(MAILS.c.id).where(MAILS.c.next_try_at <= database_now()).order_by(MAILS.c.next_try_at, MAILS.c.id).limit(1)
)


@dataclass(frozen=True)
class Claim:
    """A mail that one worker has taken, for its so manieth attempt."""

    id: int
    kind: str
    user_id: int | None
    address: str
    data: dict[str, str]
    attempts: int


@dataclass(frozen=True)
class MailView:
    """A mail to a user, as staff see it. It was sent, waits for its next try, or was given up."""

    id: int
    kind: str
    address: str
    created_at: datetime
    next_try_at: datetime | None
    attempts: int
    sent_at: datetime | None
    last_error: str | None


VIEW_COLUMNS = [MAILS.c[name] for name in MailView.__dataclass_fields__]


def post_mail(
    session: Session, kind: str, address: str, user_id: int | None = None, data: Mapping[str, str] | None = None
) -> int:
    """Order a mail of this kind (see kinds.py); return its id. `data` is stored: no secret may stand in it.

    An older one of the same kind to the same user whose link nobody has got yet is not sent any more.
    """
    if KINDS[kind].link and user_id is not None:
        withdraw_mails(session, user_id, [kind])
    now = database_now()
    values = {"kind": kind, "user_id": user_id, "address": address, "data": json.dumps(dict(data or {}))}
    row = insert_into(session, Mail).values(**values, created_at=now, next_try_at=now, attempts=0)
    mail_id: int = session.execute(row.returning(MAILS.c.id)).scalar_one()
    return mail_id


def withdraw_mails(session: Session, user_id: int, kinds: Sequence[str]) -> None:
    """Do not send the mails of these kinds to the user that wait still."""
    waiting = (MAILS.c.user_id == user_id, MAILS.c.kind.in_(kinds), MAILS.c.next_try_at.is_not(None))
    session.execute(update(MAILS).where(*waiting).values(next_try_at=None, last_error="withdrawn"))


def claim_mail(session: Session) -> Claim | None:
    """Take the mail that has waited longest; None if there is none. Whoever dies with it has it taken away."""
    oldest = NEXT_WAITING.with_for_update(skip_locked=True).scalar_subquery()
    claimed = (
        update(MAILS)
        .where(MAILS.c.id == oldest)
        .values(next_try_at=database_now(CLAIM_SECONDS), attempts=MAILS.c.attempts + 1)
        .returning(MAILS.c.id, MAILS.c.kind, MAILS.c.user_id, MAILS.c.address, MAILS.c.data, MAILS.c.attempts)
    )
    row = session.execute(claimed).one_or_none()
    return Claim(row.id, row.kind, row.user_id, row.address, json.loads(row.data), row.attempts) if row else None


def is_any_waiting(session: Session) -> bool:
    """Whether there is a mail to send now, and nobody at it."""
    return session.scalar(NEXT_WAITING) is not None


def note_recipient(session: Session, claim: Claim, user_id: int) -> None:
    """Write down whose mail it is, when only the worker has looked it up."""
    session.execute(update(MAILS).where(MAILS.c.id == claim.id).values(user_id=user_id))


def note_sent(session: Session, claim: Claim) -> None:
    """Write down that the server took it."""
    _note(session, claim, sent_at=database_now(), next_try_at=None, last_error=None)


def note_failed(session: Session, claim: Claim, error: str, is_final: bool = False) -> None:
    """Write down why not, and when to try again: after a growing pause, or never, when it is not worth it any more."""
    pause = min(PAUSE_SECONDS * 2 ** (claim.attempts - 1), PAUSE_SECONDS_MAX)
    tried_for: timedelta = KINDS[claim.kind].tried_for if claim.kind in KINDS else timedelta()
    is_over = MAILS.c.created_at <= database_now(pause - tried_for.total_seconds())
    again = None if is_final else case((is_over, None), else_=database_now(pause))
    _note(session, claim, next_try_at=again, last_error=error[:ERROR_LENGTH_MAX])


def drop_mail(session: Session, claim: Claim) -> None:
    """Forget a mail that has no recipient: nobody has asked us to remember that address."""
    session.execute(delete(MAILS).where(MAILS.c.id == claim.id, MAILS.c.attempts == claim.attempts))


def list_mails(session: Session, user_id: int, limit: int) -> list[MailView]:
    """Return the newest mails to a user, newest first: what was sent in the last 30 days, and what waits."""
    theirs = select(*VIEW_COLUMNS).where(MAILS.c.user_id == user_id)
    return [MailView(*row) for row in session.execute(theirs.order_by(MAILS.c.id.desc()).limit(limit))]


def forget_mails_of(session: Session, user_id: int) -> None:
    """Delete all mails to a user, also those that wait: the account is no more."""
    session.execute(delete(MAILS).where(MAILS.c.user_id == user_id))


def forget_old_mails(session: Session, limit: int = FORGET_BATCH) -> int:
    """Delete up to `limit` mails of more than 30 days ago that were sent or given up; return how many."""
    is_old = (MAILS.c.created_at < database_now(-KEPT_SECONDS), MAILS.c.next_try_at.is_(None))
    old = session.scalars(select(MAILS.c.id).where(*is_old).limit(limit)).all()
    session.execute(delete(MAILS).where(MAILS.c.id.in_(old)))
    return len(old)


def _note(session: Session, claim: Claim, **values: Any) -> None:
    """Write how an attempt ended, unless another worker has taken the mail for a later one, or it was withdrawn."""
    is_ours = (MAILS.c.id == claim.id, MAILS.c.attempts == claim.attempts, MAILS.c.next_try_at.is_not(None))
    session.execute(update(MAILS).where(*is_ours).values(values))

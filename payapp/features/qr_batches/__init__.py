"""Batches of QR codes that the worker makes, because a page would have to wait too long: the core, a row a batch.

The page writes the row together with the hold that pays for it; jobs/qr_batches.py makes what waits. The session comes
first, nothing is committed here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from payapp.database.base import insert_into, table_of
from payapp.database.clock import utc_now
from payapp.database.sql_functions import database_now
from payapp.features.qr_batches.models import QrBatch
from payapp.ledger.hold_views import HOLDS, STATUS_NOW

State = Literal["waiting", "making", "done", "forgotten", "expired", "failed"]

# A worker makes one batch at a time, the largest in twenty to forty seconds: so about a hundred of those may stand
# before one, and a worker that was killed finds it again. Where none is there, the credits are free in an hour.
HOLD_SECONDS = 60 * 60
# A worker gives a sign every second; on a busy SQLite it may wait for 15. Who is silent for this long is dead.
SILENT_SECONDS_MAX = 30
KEPT_FOR = timedelta(hours=24)
FORGET_BATCH = 100

BATCHES = table_of(QrBatch)
WITH_HOLD = BATCHES.join(HOLDS, HOLDS.c.id == BATCHES.c.hold_id)
IS_NOBODY_AT_IT = or_(BATCHES.c.worked_on_at.is_(None), BATCHES.c.worked_on_at < database_now(-SILENT_SECONDS_MAX))
IS_WAITING = and_(BATCHES.c.texts.is_not(None), BATCHES.c.finished_at.is_(None), STATUS_NOW == "open")

OLDEST_WAITING = (
    select(BATCHES.c.id)
    .select_from(WITH_HOLD)
    .where(IS_WAITING, IS_NOBODY_AT_IT)
    .order_by(BATCHES.c.created_at, BATCHES.c.id)
    .limit(1)
)


@dataclass(frozen=True)
class BatchView:
    """A batch as its page shows it. `charged` is in credits, `bytes` the size of its file; 0 where there is none."""

    id: int
    codes: int
    made: int
    worked_on_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    is_kept: bool
    bytes: int
    hold_status: str
    held: int
    charged: int
    expires_at: datetime

    @property
    def state(self) -> State:
        """What became of it. Only `waiting` and `making` change by themselves."""
        if self.finished_at:
            return "done" if self.is_kept else "forgotten"
        if self.hold_status == "open":
            return "making" if self.worked_on_at else "waiting"
        return "expired" if self.hold_status == "expired" else "failed"

    @property
    def is_under_way(self) -> bool:
        return self.state in ("waiting", "making")

    @property
    def kept_until(self) -> datetime:
        return self.created_at + KEPT_FOR


VIEW_COLUMNS = (
    BATCHES.c.id,
    BATCHES.c.codes,
    BATCHES.c.made,
    BATCHES.c.worked_on_at,
    BATCHES.c.finished_at,
    BATCHES.c.created_at,
    BATCHES.c.texts.is_not(None),
    func.coalesce(func.length(BATCHES.c.archive), 0),
    STATUS_NOW,
    HOLDS.c.amount,
    func.coalesce(HOLDS.c.captured_amount, 0),
    HOLDS.c.expires_at,
)


@dataclass(frozen=True)
class Claim:
    """A batch that one worker has taken."""

    id: int
    hold_id: int
    texts: list[str]


def keep_batch(session: Session, user_id: int, hold_id: int, texts: Sequence[str]) -> int:
    """Write down the list that is paid by this hold; return the batch's id, also where it stands already."""
    values = {"user_id": user_id, "hold_id": hold_id, "codes": len(texts), "texts": json.dumps(list(texts))}
    row = insert_into(session, QrBatch).values(**values, made=0, created_at=utc_now())
    session.execute(row.on_conflict_do_nothing(index_elements=["hold_id"]))
    batch_id: int = session.execute(select(BATCHES.c.id).where(BATCHES.c.hold_id == hold_id)).scalar_one()
    return batch_id


def find_batch(session: Session, user_id: int, batch_id: int) -> BatchView | None:
    """Return the batch if it is this user's, else None."""
    row = session.execute(_of_user(user_id).where(BATCHES.c.id == batch_id)).one_or_none()
    return BatchView(*row) if row else None


def list_batches(session: Session, user_id: int, limit: int) -> list[BatchView]:
    """Return the user's batches that are not forgotten yet, newest first."""
    kept = _of_user(user_id).where(BATCHES.c.texts.is_not(None)).order_by(BATCHES.c.id.desc()).limit(limit)
    return [BatchView(*row) for row in session.execute(kept)]


def find_texts(session: Session, user_id: int, batch_id: int) -> list[str]:
    """Return the user's list, to be made again; empty if it is forgotten."""
    texts = session.scalar(select(BATCHES.c.texts).where(BATCHES.c.id == batch_id, BATCHES.c.user_id == user_id))
    return json.loads(texts) if texts else []


def find_archive(session: Session, user_id: int, batch_id: int) -> bytes | None:
    """Return the user's ZIP file; None if there is none, not yet or no longer."""
    archive: bytes | None = session.scalar(
        select(BATCHES.c.archive).where(BATCHES.c.id == batch_id, BATCHES.c.user_id == user_id)
    )
    return archive


def is_any_waiting(session: Session) -> bool:
    """Whether there is a batch to make, and nobody at it."""
    return session.scalar(OLDEST_WAITING) is not None


def claim_batch(session: Session) -> Claim | None:
    """Take the oldest batch that waits; None if there is none. Whoever dies with it has it taken away."""
    oldest = OLDEST_WAITING.with_for_update(of=BATCHES, skip_locked=True).scalar_subquery()
    claimed = update(BATCHES).where(BATCHES.c.id == oldest).values(worked_on_at=database_now(), made=0)
    row = session.execute(claimed.returning(BATCHES.c.id, BATCHES.c.hold_id, BATCHES.c.texts)).one_or_none()
    return Claim(row.id, row.hold_id, json.loads(row.texts)) if row else None


def note_progress(session: Session, batch_id: int, made: int) -> None:
    """Write down how many codes are made, which is also the sign that somebody is at it."""
    unfinished = (BATCHES.c.id == batch_id, BATCHES.c.finished_at.is_(None))
    session.execute(update(BATCHES).where(*unfinished).values(made=made, worked_on_at=database_now()))


def finish_batch(session: Session, batch_id: int, archive: bytes) -> None:
    """Keep the ZIP file. It belongs into one transaction with the capture of its hold."""
    values = {"archive": archive, "made": BATCHES.c.codes, "finished_at": utc_now()}
    session.execute(update(BATCHES).where(BATCHES.c.id == batch_id).values(values))


def forget_old_batches(session: Session, limit: int = FORGET_BATCH) -> int:
    """Forget texts and file of up to `limit` batches that have been kept for a day; return of how many."""
    is_old = (BATCHES.c.texts.is_not(None), BATCHES.c.created_at < utc_now() - KEPT_FOR)
    old = session.scalars(select(BATCHES.c.id).where(*is_old).limit(limit)).all()
    session.execute(update(BATCHES).where(BATCHES.c.id.in_(old)).values(texts=None, archive=None))
    return len(old)


def forget_batches_of(session: Session, user_id: int) -> None:
    """Forget texts and files of all batches of a user who is deleted."""
    kept = (BATCHES.c.user_id == user_id, BATCHES.c.texts.is_not(None))
    session.execute(update(BATCHES).where(*kept).values(texts=None, archive=None))


def _of_user(user_id: int) -> Select[Any]:
    return select(*VIEW_COLUMNS).select_from(WITH_HOLD).where(BATCHES.c.user_id == user_id)

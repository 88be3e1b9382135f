"""Reading the log, newest first. Nothing here writes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.audit import ENTRIES


@dataclass(frozen=True)
class AuditView:
    """An entry as staff read it: `actor` in words, `before` and `after` as they were written."""

    id: int
    created_at: datetime
    actor: str
    staff_id: int | None
    act: str
    user_id: int | None
    subject: str | None
    note: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are asked for: of one act, by one of the staff, about one user; None asks for all."""

    act: str | None = None
    staff_id: int | None = None
    user_id: int | None = None


def list_audit(
    session: Session, wanted: AuditFilter, *, limit: int, before_id: int | None = None
) -> Sequence[AuditView]:
    """Return the newest entries that are asked for, at most `limit`; only those before `before_id` if given."""
    statement = select(ENTRIES).order_by(ENTRIES.c.id.desc()).limit(limit)
    for name in ("act", "staff_id", "user_id"):
        if (value := getattr(wanted, name)) is not None:
            statement = statement.where(ENTRIES.c[name] == value)
    if before_id is not None:
        statement = statement.where(ENTRIES.c.id < before_id)
    return [_view(row) for row in session.execute(statement)]


def _view(row: Any) -> AuditView:
    return AuditView(
        row.id,
        row.created_at,
        row.operator or f"staff {row.staff_id}",
        row.staff_id,
        row.act,
        row.user_id,
        row.subject,
        row.note,
        json.loads(row.before or "{}"),
        json.loads(row.after or "{}"),
    )

"""Reading the log, newest first. Nothing here writes."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.audit import ENTRIES
from payapp.database.paging import NewestFirst, Place, read_page


@dataclass(frozen=True)
class AuditView:
    """An entry as staff read it: `before` and `after` as they were written. `operator` is who ran a command."""

    id: int
    created_at: datetime
    staff_id: int | None
    operator: str | None
    act: str
    user_id: int | None
    subject: str | None
    note: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are asked for: about one user, by one of the staff, of one act; None asks for all."""

    user_id: int | None = None
    staff_id: int | None = None
    act: str | None = None


COLUMNS = [ENTRIES.c[name] for name in AuditView.__dataclass_fields__]


def list_audit(session: Session, wanted: AuditFilter, place: Place) -> NewestFirst[AuditView]:
    """Return a page of the entries that are asked for, newest first."""
    given = [(ENTRIES.c[name], value) for name, value in vars(wanted).items() if value is not None]
    statement = select(*COLUMNS)
    for column, value in given[1:]:
        statement = statement.where(column == value)
    group = given[0] if given else None
    return read_page(session, statement, _view, place, row_id=ENTRIES.c.id, group=group)


def _view(*row: Any) -> AuditView:
    *told, before, after = row
    texts: tuple[Any, ...] = (json.loads(before or "{}"), json.loads(after or "{}"))
    return AuditView(*told, *texts)

"""What the last reconciliations found, kept for staff: one row for each span of time. Nothing here commits."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.billing.models import ReconciliationReport
from payapp.database.base import insert_into, table_of
from payapp.database.clock import utc_now

FINDINGS_MAX = 100
REPORTS = table_of(ReconciliationReport)


@dataclass(frozen=True)
class Report:
    """What was found in one span: `findings` are the first of those that are left over.

    `stopped_by` says why it came to no end; None when it did.
    """

    span: str
    ended_at: datetime
    found: int
    left_over: int
    stopped_by: str | None
    findings: list[dict[str, Any]]


def keep_report(
    session: Session, span: str, found: int, left: Sequence[dict[str, Any]], stopped_by: str | None = None
) -> None:
    """Put the report of a span in place of the last one."""
    values = {
        "ended_at": utc_now(),
        "found": found,
        "left_over": len(left),
        "stopped_by": stopped_by,
        "findings": json.dumps(left[:FINDINGS_MAX]),
    }
    statement = insert_into(session, ReconciliationReport).values(span=span, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[REPORTS.c.span], set_=values))


def list_reports(session: Session) -> list[Report]:
    """Return the report of each span, the newest first."""
    columns = [REPORTS.c[name] for name in Report.__dataclass_fields__]
    rows = session.execute(select(*columns).order_by(REPORTS.c.ended_at.desc())).mappings()
    return [Report(**{**row, "findings": json.loads(row["findings"])}) for row in rows]

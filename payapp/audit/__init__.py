"""Writing down what staff do: in the transaction of the act, so that there is never the one without the other.

The session comes first, nothing is committed here. What an act is, and what it changes, is told by payapp/staff.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from payapp.audit.models import Act, AuditEntry
from payapp.database.base import table_of
from payapp.database.clock import utc_now

NOTE_LENGTH_MAX = 300
OPERATOR_LENGTH_MAX = 255

ENTRIES = table_of(AuditEntry)


class NoReasonError(Exception):
    """What is done by staff needs a reason: one line that says it."""

    def __init__(self) -> None:
        super().__init__(f"the reason must be one line of 1 to {NOTE_LENGTH_MAX} characters")


@dataclass(frozen=True)
class Actor:
    """Who acts: a user who is staff, or for a command whoever is logged in on the machine (`ada@host`)."""

    staff_id: int | None = None
    operator: str | None = None

    def __str__(self) -> str:
        return f"staff {self.staff_id}" if self.operator is None else self.operator


@dataclass(frozen=True)
class Reason:
    """Who acts, and why. Raises NoReasonError for a note that is empty, too long, or not one line."""

    actor: Actor
    note: str

    def __post_init__(self) -> None:
        if not self.note.strip() or len(self.note) > NOTE_LENGTH_MAX or not self.note.isprintable():
            raise NoReasonError


def write_down(
    session: Session,
    reason: Reason,
    act: Act,
    *,
    user_id: int | None = None,
    subject: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Insert the entry of an act: whom and what it was about, and what of it has changed."""
    session.execute(
        insert(ENTRIES).values(
            created_at=utc_now(),
            staff_id=reason.actor.staff_id,
            operator=reason.actor.operator and reason.actor.operator[:OPERATOR_LENGTH_MAX],
            act=act,
            user_id=user_id,
            subject=subject,
            note=reason.note.strip(),
            before=_write(before),
            after=_write(after),
        )
    )


def _write(state: Mapping[str, Any] | None) -> str | None:
    """Return the state as JSON; a moment as its text."""
    return None if state is None else json.dumps(state, default=str)

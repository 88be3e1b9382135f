"""The log of what staff do. Inserted, never changed: triggers refuse anything else."""

from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime
from payapp.database.clock import utc_now

# Not a constraint of the table: what is done may get new names, and what was done keeps its own.
Act = Literal[
    "credits_adjusted",
    "refund_asked",
    "refund_made",
    "refund_refused",
    "event_replayed",
    "event_accepted",
    "event_dismissed",
    "user_disabled",
    "user_enabled",
    "admin_made",
    "admin_ended",
    "factors_removed",
    "api_key_made",
    "api_key_rotated",
    "api_key_revoked",
]


class AuditEntry(Base):
    """One act of staff: who (a user, or for a command the operating system's), what, to whom, about what, and why.

    `subject` names the thing: `purchase:41`, `event:evt_…`. `before` and `after` are JSON objects of what has changed.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        CheckConstraint("(staff_id IS NULL) = (operator IS NOT NULL)", name="one_actor"),
        CheckConstraint("trim(note) <> ''", name="note_given"),
        Index("ix_audit_entries_staff_id_id", "staff_id", "id"),
        Index("ix_audit_entries_user_id_id", "user_id", "id"),
        Index("ix_audit_entries_act_id", "act", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    staff_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    operator: Mapped[str | None] = mapped_column(String(255))
    act: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    subject: Mapped[str | None] = mapped_column(String(300))
    note: Mapped[str] = mapped_column(String(300))
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)

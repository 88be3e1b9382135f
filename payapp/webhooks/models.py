"""The inbox table: every event Stripe ever sent us, and what became of it."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime
from payapp.database.clock import utc_now

EventStatus = Literal["received", "processed", "ignored", "quarantined", "failed"]


class StripeEvent(Base):
    """One letter from Stripe about the object with `stripe_object_id`. `payload` is the text as it came.

    `last_error` says why it failed or was quarantined.
    """

    __tablename__ = "stripe_events"
    __table_args__ = (
        CheckConstraint(f"status IN ({', '.join(repr(status) for status in get_args(EventStatus))})", name="status"),
        Index("ix_stripe_events_status_id", "status", "id"),
        Index("ix_stripe_events_stripe_object_id", "stripe_object_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    stripe_event_id: Mapped[str] = mapped_column(String(255), unique=True)
    event_type: Mapped[str] = mapped_column(String(255))
    stripe_object_id: Mapped[str | None] = mapped_column(String(255))
    payload: Mapped[str] = mapped_column(Text)
    status: Mapped[EventStatus] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(default=1)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    processed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

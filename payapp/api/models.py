"""The api_requests table: what was answered to which Idempotency-Key."""

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime
from payapp.database.clock import utc_now
from payapp.ledger.makers import ANY_PROGRAM


class ApiRequest(Base):
    """A POST that was carried out, and its answer, written in the transaction of its effect.

    So a row without an answer is never seen: it is there only inside the transaction that is still at work.
    """

    __tablename__ = "api_requests"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key", "maker"),
        Index("ix_api_requests_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # No foreign key: PostgreSQL would lock the account's row for the check, and everybody wants that one next.
    user_id: Mapped[int] = mapped_column(BigId)
    idempotency_key: Mapped[str] = mapped_column(String(255))
    # Who asked, of ledger/makers.py. `program`, also for the processes of an older release: whoever it was.
    maker: Mapped[str] = mapped_column(String(100), server_default=ANY_PROGRAM)
    # What was asked for, and of which hold: `create_spend`, `capture_hold 97`.
    operation: Mapped[str] = mapped_column(String(80))
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

"""The qr_batches table: lists of QR codes that the worker makes."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime
from payapp.database.clock import utc_now

IS_KEPT = text("texts IS NOT NULL")


class QrBatch(Base):
    """A list to make, how far it is, and its ZIP file. How it is paid, and whether it can still be made, says its hold.

    Texts and file are forgotten after a day; the row stays, so that its page can say so.
    """

    __tablename__ = "qr_batches"
    __table_args__ = (
        CheckConstraint("made BETWEEN 0 AND codes", name="made"),
        CheckConstraint("archive IS NULL OR finished_at IS NOT NULL", name="archive_of_finished"),
        # Of a day, however many rows there are: what the worker has to make or to forget, and what a page lists.
        Index("ix_qr_batches_kept_created_at", "created_at", postgresql_where=IS_KEPT, sqlite_where=IS_KEPT),
        Index("ix_qr_batches_kept_user_id_id", "user_id", "id", postgresql_where=IS_KEPT, sqlite_where=IS_KEPT),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    hold_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holds.id"), unique=True)
    codes: Mapped[int]
    made: Mapped[int] = mapped_column(default=0)
    # When a worker last gave a sign of being at it; None until one begins.
    worked_on_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    # Last, because SQLite reads a row from its beginning: who asks how far it is, does not read these.
    texts: Mapped[str | None] = mapped_column(Text)  # a JSON list
    archive: Mapped[bytes | None] = mapped_column(LargeBinary)

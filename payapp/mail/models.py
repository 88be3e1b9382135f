"""The tables mails (the outbox) and mailed_links."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime

IS_WAITING = text("next_try_at IS NOT NULL")


class Mail(Base):
    """A mail to send, or one that was sent. No secret stands here: a link is made when its mail is sent.

    While it waits, `next_try_at` is when it is tried next; a worker that takes it moves that forward. It is empty once
    the mail is sent, or given up. `data` is a JSON object of a few texts that the mail names. `user_id` is empty for a
    request of somebody whom only the worker looks up.
    """

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_waiting_next_try_at", "next_try_at", postgresql_where=IS_WAITING, sqlite_where=IS_WAITING),
        Index("ix_mails_user_id_id", "user_id", "id"),
        Index("ix_mails_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    address: Mapped[str] = mapped_column(String(320))
    data: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int]
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(500))


class MailedLink(Base):
    """The one link of a purpose that is good for a user: a newer one takes its place, and using it deletes it.

    `address` is where it was sent; who has it reads the mails there.
    """

    __tablename__ = "mailed_links"

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str] = mapped_column(String(320))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

"""Logins that are half done: the password was right, and the second factor is still to come."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime


class PendingLogin(Base):
    """One browser whose user still has to show a second factor, until `expires_at`; it opens no page.

    `token_hash` is of what the browser's cookie carries. `password_mark` is of the password's hash as it was: once the
    password is changed, the row is good for nothing.
    """

    __tablename__ = "pending_logins"
    __table_args__ = (Index("ix_pending_logins_expires_at", "expires_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    password_mark: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

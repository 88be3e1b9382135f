"""The api_keys table."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime
from payapp.database.clock import utc_now

Scope = Literal["read", "spend", "service"]


class ApiKey(Base):
    """A program's credential. Its secret is not kept, only the hash by which it is found again.

    A key belongs to one user, whose account it reads (`read`) or also spends from (`spend`). A `service` key belongs
    to nobody: it may act for every user. All such keys of one name are one service.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint(f"scope IN ({', '.join(repr(scope) for scope in get_args(Scope))})", name="scope"),
        CheckConstraint("(scope = 'service') = (user_id IS NULL)", name="service_has_no_user"),
        Index("ix_api_keys_user_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    prefix: Mapped[str] = mapped_column(String(40), unique=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    scope: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

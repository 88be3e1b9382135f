"""The users table, whose two credit columns payapp/ledger alone writes; and what was tried how often."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from flask_login import UserMixin
from sqlalchemy import BigInteger, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime
from payapp.database.clock import utc_now
from payapp.ledger.balances import Balance


def new_customer_key() -> str:
    """Return a fresh idempotency key for making a Stripe customer.

    Random, because ids start again when a development database is made anew, and Stripe remembers keys for 24 h.
    """
    return f"customer:{uuid4()}"


class User(Base):
    """Somebody who can log in. `email` is stored lower-case, its domain in ASCII; `credits` may be negative (debt).

    `stripe_customer_email` is the address that the Stripe customer was last given, or is being made with; empty for
    none. `stripe_refused_email` is the last one that Stripe did not take: it is not sent again.
    """

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("credits_held >= 0", name="credits_held_not_negative"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    credits: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    credits_held: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    stripe_customer_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    stripe_customer_key: Mapped[str] = mapped_column(String(255), unique=True, default=new_customer_key)
    stripe_customer_requested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stripe_customer_email: Mapped[str | None] = mapped_column(String(320))
    stripe_refused_email: Mapped[str | None] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


@dataclass(frozen=True, eq=False)
class LoggedInUser(UserMixin):
    """What every page of a logged-in user needs to know of them, as it is when the request begins: `current_user`.

    As long as `balance` and `newest_entry_id` are the same, nothing has happened to their credits.
    """

    id: int
    email: str
    balance: Balance
    newest_entry_id: int | None


class RateCounter(Base):
    """How often something was tried by somebody, until `window_ends_at`; after that the row says nothing.

    `counter_key` is a hash: the table tells no addresses.
    """

    __tablename__ = "rate_counters"
    __table_args__ = (Index("ix_rate_counters_window_ends_at", "window_ends_at"),)

    counter_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[int]
    window_ends_at: Mapped[datetime] = mapped_column(UtcDateTime)

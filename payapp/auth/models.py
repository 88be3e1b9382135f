"""The users table, whose two credit columns payapp/ledger alone writes; logins; and what was tried how often."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from flask_login import UserMixin
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, false
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

    Who is disabled can neither log in nor use a key; the book goes on (a payment that was under way is granted). Who is
    deleted is disabled too, for good: the row stays for the book, with nothing in it that tells who it was.
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
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_staff: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class LoginSession(Base):
    """One browser in which a user is logged in; the row is the login, and without it the browser's cookie is nothing.

    `token_hash` is of what the cookie carries. `seen_at` is exact to an hour. `authenticated_at` is when the user last
    proved in this browser who they are, `factor_at` when they showed a second factor in it, if they did; `browser` is
    how it calls itself.
    """

    __tablename__ = "login_sessions"
    __table_args__ = (
        Index("ix_login_sessions_user_id", "user_id"),
        Index("ix_login_sessions_seen_at", "seen_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    authenticated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    factor_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, eq=False)
class LoggedInUser(UserMixin):
    """What every page of a logged-in user needs to know of them, as it is when the request begins: `current_user`.

    As long as `balance` and `newest_entry_id` are the same, nothing has happened to their credits. `login` is this
    browser's login.
    """

    id: int
    email: str
    is_staff: bool
    is_verified: bool
    balance: Balance
    newest_entry_id: int | None
    login: "Login"

    def get_id(self) -> str:
        """Return what the browser's cookie carries: not the user, but this one login."""
        return self.login.token


@dataclass(frozen=True)
class Login:
    """One browser's login. `token` is its secret, of which the database knows the hash only.

    `factor_at` is None as long as no second factor was shown in it.
    """

    id: int
    token: str = field(repr=False)
    authenticated_at: datetime
    seen_at: datetime
    factor_at: datetime | None = None


class RateCounter(Base):
    """How often something was tried by somebody, until `window_ends_at`; after that the row says nothing.

    `counter_key` is a hash: the table tells no addresses.
    """

    __tablename__ = "rate_counters"
    __table_args__ = (Index("ix_rate_counters_window_ends_at", "window_ends_at"),)

    counter_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[int]
    window_ends_at: Mapped[datetime] = mapped_column(UtcDateTime)

"""Billing's tables, and users seen as Stripe customers."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, column, table, text
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime
from payapp.database.clock import utc_now

GRANT_KEY_PREFIX = "purchase:"

PurchaseStatus = Literal["pending", "fulfilled", "expired", "failed"]

# A user seen as a Stripe customer. The table itself belongs to auth/models.py.
customers = table(
    "users",
    column("id", BigInteger),
    column("email", String),
    column("stripe_customer_id", String),
    column("stripe_customer_key", String),
    column("stripe_customer_requested_at", UtcDateTime),
    column("stripe_customer_email", String),
    column("stripe_refused_email", String),
    column("deleted_at", UtcDateTime),
)

# As Stripe moves through them: of two statuses that were told about one object, the later one stands.
RefundStatus = Literal["requires_action", "pending", "succeeded", "failed", "canceled"]
DisputeStatus = Literal[
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "prevented",
    "needs_response",
    "under_review",
    "lost",
    "won",
]

IS_OPEN_REQUEST = text("stripe_refund_id IS NULL AND refused_at IS NULL")
IS_OPEN_CHECKOUT = text("status = 'pending' AND completed_at IS NULL")
IS_CONTESTED = text("status IN ('needs_response', 'under_review', 'warning_needs_response', 'warning_under_review')")


def new_checkout_key() -> str:
    """Return a fresh idempotency key for making a Checkout session (random: see auth.models.new_customer_key)."""
    return f"checkout:{uuid4()}"


def _one_of(statuses: Any) -> str:
    return f"status IN ({', '.join(repr(status) for status in get_args(statuses))})"


def grant_key(purchase_id: int | None) -> str:
    """Return the idempotency key of the entry that grants a purchase: `purchase:41`."""
    return f"{GRANT_KEY_PREFIX}{purchase_id}"


class Purchase(Base):
    """Our record of one attempt to buy, made before its Checkout session. What it is worth stands here.

    `completed_at`: the customer finished the Checkout page (paid, or a slow payment is under way).
    One open Checkout a user and package: the partial unique index makes double clicks share it.
    """

    __tablename__ = "purchases"
    __table_args__ = (
        CheckConstraint(_one_of(PurchaseStatus), name="status"),
        CheckConstraint("credits > 0 AND amount_total > 0", name="worth_positive"),
        CheckConstraint("(status = 'fulfilled') = (fulfilled_at IS NOT NULL)", name="fulfilled_at"),
        Index("ix_purchases_user_id_id", "user_id", "id"),
        Index(
            "uq_purchases_open_checkout",
            "user_id",
            "package_id",
            unique=True,
            postgresql_where=IS_OPEN_CHECKOUT,
            sqlite_where=IS_OPEN_CHECKOUT,
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    package_id: Mapped[str] = mapped_column(String(80))
    credits: Mapped[int] = mapped_column(BigInteger)
    amount_total: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    livemode: Mapped[bool]
    status: Mapped[PurchaseStatus] = mapped_column(String(20), default="pending")
    stripe_customer_id: Mapped[str] = mapped_column(String(255))
    stripe_checkout_key: Mapped[str] = mapped_column(String(255), unique=True, default=new_checkout_key)
    stripe_checkout_session_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    checkout_expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fulfilled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Refund(Base):
    """What Stripe told about a refund; it belongs to the purchase with the same payment, if there is one."""

    __tablename__ = "refunds"
    __table_args__ = (CheckConstraint(_one_of(RefundStatus), name="status"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    stripe_refund_id: Mapped[str] = mapped_column(String(255), unique=True)
    stripe_payment_intent_id: Mapped[str] = mapped_column(String(255), index=True)
    stripe_charge_id: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[RefundStatus] = mapped_column(String(20))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    livemode: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class Dispute(Base):
    """What Stripe told about a dispute; `reinstated_amount` of the money is back after all its `movements`."""

    __tablename__ = "disputes"
    __table_args__ = (
        CheckConstraint(_one_of(DisputeStatus), name="status"),
        Index("ix_disputes_contested", "id", postgresql_where=IS_CONTESTED, sqlite_where=IS_CONTESTED),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    stripe_dispute_id: Mapped[str] = mapped_column(String(255), unique=True)
    stripe_payment_intent_id: Mapped[str] = mapped_column(String(255), index=True)
    stripe_charge_id: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[DisputeStatus] = mapped_column(String(30))
    reason: Mapped[str] = mapped_column(String(255))
    amount: Mapped[int] = mapped_column(BigInteger)
    movements: Mapped[int]
    reinstated_amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    livemode: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class Charge(Base):
    """The most that `charge.refunded` ever told of a charge: it names no refund, and may come before or without one."""

    __tablename__ = "charges"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    stripe_charge_id: Mapped[str] = mapped_column(String(255), unique=True)
    stripe_payment_intent_id: Mapped[str] = mapped_column(String(255), index=True)
    amount_refunded: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    livemode: Mapped[bool]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class RefundRequest(Base):
    """A refund that staff asked for, kept before Stripe is called; one at a time a purchase.

    Open until Stripe's answer is known: `stripe_refund_id`, or `refused_at` with the reason.
    """

    __tablename__ = "refund_requests"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index(
            "uq_refund_requests_open",
            "purchase_id",
            unique=True,
            postgresql_where=IS_OPEN_REQUEST,
            sqlite_where=IS_OPEN_REQUEST,
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    purchase_id: Mapped[int] = mapped_column(ForeignKey("purchases.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    stripe_refund_key: Mapped[str] = mapped_column(String(255), unique=True)
    stripe_refund_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    refusal: Mapped[str | None] = mapped_column(String(500))
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class ReconciliationReport(Base):
    """What the last reconciliation of a span (`7 days`) found: `findings` is JSON, the first of those left over.

    `left_over` were not repaired. `stopped_by` says why it did not come to its end; None when it did.
    """

    __tablename__ = "reconciliation_reports"

    span: Mapped[str] = mapped_column(String(20), primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    found: Mapped[int]
    left_over: Mapped[int]
    stopped_by: Mapped[str | None] = mapped_column(Text)
    findings: Mapped[str] = mapped_column(Text)

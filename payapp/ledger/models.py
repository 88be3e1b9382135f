"""The ledger's tables, and users seen as accounts: two numbers that only this room writes."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, column, table, text
from sqlalchemy.orm import Mapped, mapped_column

from payapp.database.base import Base, BigId, UtcDateTime
from payapp.database.clock import utc_now
from payapp.ledger.makers import APP

EntryType = Literal["grant", "capture", "clawback", "reinstatement", "reversal", "adjustment", "expiration"]
HoldStatus = Literal["open", "captured", "released", "expired"]
Category = Literal["paid", "promotional"]

# A user seen as a credit account. The table itself belongs to auth/models.py.
accounts = table("users", column("id", BigInteger), column("credits", BigInteger), column("credits_held", BigInteger))

IS_OPEN = text("status = 'open'")
IS_CORRECTION = text("corrects_entry_id IS NOT NULL")
IS_CAPTURE = text("entry_type = 'capture'")
IS_DEBT = text("balance_after < 0")


def _one_of(name: str, values: tuple[str, ...]) -> str:
    return f"{name} IN ({', '.join(repr(value) for value in values)})"


class LedgerEntry(Base):
    """One change of the posted balance. Inserted, never changed: triggers refuse anything else."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint(_one_of("entry_type", get_args(EntryType)), name="entry_type"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        CheckConstraint(
            "(entry_type NOT IN ('grant', 'reinstatement') OR amount > 0)"
            " AND (entry_type NOT IN ('capture', 'clawback', 'expiration') OR amount < 0)",
            name="amount_sign",
        ),
        CheckConstraint(f"category IS NULL OR {_one_of('category', get_args(Category))}", name="category"),
        CheckConstraint("category IS NULL OR entry_type = 'grant'", name="category_of_grant"),
        CheckConstraint("(entry_type = 'reversal') = (reverses_entry_id IS NOT NULL)", name="reversal_names_entry"),
        CheckConstraint(
            "(entry_type IN ('clawback', 'reinstatement')) = (corrects_entry_id IS NOT NULL)",
            name="correction_names_grant",
        ),
        Index("ix_ledger_entries_user_id_id", "user_id", "id"),
        # All that the chart and the pace ask for; PostgreSQL does not read the table itself.
        Index(
            "ix_ledger_entries_captures",
            "user_id",
            "created_at",
            "amount",
            postgresql_where=IS_CAPTURE,
            sqlite_where=IS_CAPTURE,
        ),
        Index(
            "ix_ledger_entries_corrects_entry_id",
            "corrects_entry_id",
            postgresql_where=IS_CORRECTION,
            sqlite_where=IS_CORRECTION,
        ),
        # Who was ever in debt. One of users by their credits would be written at every spend.
        Index("ix_ledger_entries_debts", "user_id", postgresql_where=IS_DEBT, sqlite_where=IS_DEBT),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    balance_after: Mapped[int] = mapped_column(BigInteger)
    entry_type: Mapped[str] = mapped_column(String(20))
    category: Mapped[str | None] = mapped_column(String(20))
    idempotency_key: Mapped[str] = mapped_column(String(255), unique=True)
    note: Mapped[str | None] = mapped_column(String(500))
    reverses_entry_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entries.id"), unique=True)
    # The grant that a claw-back or a reinstatement is about. A guard, not a foreign key, sees that it is one.
    corrects_entry_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class Hold(Base):
    """Credits set aside for work under way. Open until captured, released or expired; once only."""

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint(_one_of("status", get_args(HoldStatus)), name="status"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "(status = 'captured') = (captured_amount IS NOT NULL)"
            " AND (captured_amount IS NULL OR captured_amount BETWEEN 1 AND amount)",
            name="captured_amount",
        ),
        CheckConstraint("maker IN ('app', 'user', 'program') OR substr(maker, 1, 8) = 'service:'", name="maker"),
        Index("ix_holds_user_id_id", "user_id", "id"),
        Index(
            "ix_holds_open_expires_at",
            "expires_at",
            postgresql_where=IS_OPEN,
            sqlite_where=IS_OPEN,
        ),
        Index("ix_holds_open_user_id", "user_id", postgresql_where=IS_OPEN, sqlite_where=IS_OPEN),
        # An index and not a constraint: SQLite can add only the former to a table that stands.
        Index("uq_holds_idempotency_key_maker", "idempotency_key", "maker", unique=True),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    captured_amount: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(20), default="open")
    feature: Mapped[str] = mapped_column(String(80))
    note: Mapped[str | None] = mapped_column(String(500))
    # See makers.py. The default is there because SQLite adds no other column to a table that stands; it lets nobody in.
    maker: Mapped[str] = mapped_column(String(100), default=APP, server_default=APP)
    # The request it was placed for, for ever: `api:41:…`, once for each maker. None where nobody asks twice.
    idempotency_key: Mapped[str | None] = mapped_column(String(300))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

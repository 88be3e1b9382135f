"""Users, the ledger with its guards, purchases, and Stripe's events."""

import sqlalchemy as sa
from alembic import op

from payapp.ledger.guards import POSTGRESQL_FIRST_GUARDS, SQLITE_FIRST_GUARDS

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "stripe_events",
        sa.Column("id", BigId, nullable=False),
        sa.Column("stripe_event_id", sa.String(length=255), nullable=False),
        sa.Column("event_type", sa.String(length=255), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('received', 'processed', 'ignored', 'quarantined', 'failed')",
            name=op.f("ck_stripe_events_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_events")),
        sa.UniqueConstraint("stripe_event_id", name=op.f("uq_stripe_events_stripe_event_id")),
    )
    op.create_index("ix_stripe_events_status_id", "stripe_events", ["status", "id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", BigId, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("credits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credits_held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("stripe_customer_id", sa.String(length=255), nullable=True),
        sa.Column("stripe_customer_key", sa.String(length=255), nullable=False),
        sa.Column("stripe_customer_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("credits_held >= 0", name=op.f("ck_users_credits_held_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("stripe_customer_id", name=op.f("uq_users_stripe_customer_id")),
        sa.UniqueConstraint("stripe_customer_key", name=op.f("uq_users_stripe_customer_key")),
    )
    op.create_table(
        "holds",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("captured_amount", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("feature", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'captured') = (captured_amount IS NOT NULL)"
            " AND (captured_amount IS NULL OR captured_amount BETWEEN 1 AND amount)",
            name=op.f("ck_holds_captured_amount"),
        ),
        sa.CheckConstraint("status IN ('open', 'captured', 'released', 'expired')", name=op.f("ck_holds_status")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_holds_amount_positive")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_holds_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index(
        "ix_holds_open_expires_at",
        "holds",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
        sqlite_where=sa.text("status = 'open'"),
    )
    op.create_index("ix_holds_user_id_id", "holds", ["user_id", "id"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.Column("entry_type", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=True),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("reverses_entry_id", BigId, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(entry_type = 'reversal') = (reverses_entry_id IS NOT NULL)",
            name=op.f("ck_ledger_entries_reversal_names_entry"),
        ),
        sa.CheckConstraint(
            "(entry_type NOT IN ('grant', 'reinstatement') OR amount > 0)"
            " AND (entry_type NOT IN ('capture', 'clawback', 'expiration') OR amount < 0)",
            name=op.f("ck_ledger_entries_amount_sign"),
        ),
        sa.CheckConstraint(
            "category IS NULL OR category IN ('paid', 'promotional')", name=op.f("ck_ledger_entries_category")
        ),
        sa.CheckConstraint(
            "category IS NULL OR entry_type = 'grant'", name=op.f("ck_ledger_entries_category_of_grant")
        ),
        sa.CheckConstraint(
            "entry_type IN ('grant', 'capture', 'clawback', 'reinstatement', 'reversal', 'adjustment', 'expiration')",
            name=op.f("ck_ledger_entries_entry_type"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_entries_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["reverses_entry_id"],
            ["ledger_entries.id"],
            name=op.f("fk_ledger_entries_reverses_entry_id_ledger_entries"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_ledger_entries_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_ledger_entries_idempotency_key")),
        sa.UniqueConstraint("reverses_entry_id", name=op.f("uq_ledger_entries_reverses_entry_id")),
    )
    op.create_index("ix_ledger_entries_user_id_id", "ledger_entries", ["user_id", "id"], unique=False)
    op.create_table(
        "purchases",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("package_id", sa.String(length=80), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("amount_total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("stripe_customer_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_checkout_key", sa.String(length=255), nullable=False),
        sa.Column("stripe_checkout_session_id", sa.String(length=255), nullable=True),
        sa.Column("stripe_payment_intent_id", sa.String(length=255), nullable=True),
        sa.Column("checkout_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fulfilled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'fulfilled') = (fulfilled_at IS NOT NULL)", name=op.f("ck_purchases_fulfilled_at")
        ),
        sa.CheckConstraint("status IN ('pending', 'fulfilled', 'expired', 'failed')", name=op.f("ck_purchases_status")),
        sa.CheckConstraint("credits > 0 AND amount_total > 0", name=op.f("ck_purchases_worth_positive")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_purchases_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchases")),
        sa.UniqueConstraint("stripe_checkout_key", name=op.f("uq_purchases_stripe_checkout_key")),
        sa.UniqueConstraint("stripe_checkout_session_id", name=op.f("uq_purchases_stripe_checkout_session_id")),
        sa.UniqueConstraint("stripe_payment_intent_id", name=op.f("uq_purchases_stripe_payment_intent_id")),
    )
    op.create_index("ix_purchases_user_id_id", "purchases", ["user_id", "id"], unique=False)
    op.create_index(
        "uq_purchases_open_checkout",
        "purchases",
        ["user_id", "package_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending' AND completed_at IS NULL"),
        sqlite_where=sa.text("status = 'pending' AND completed_at IS NULL"),
    )
    guards = SQLITE_FIRST_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_FIRST_GUARDS
    for statement in guards.values():
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(
        "uq_purchases_open_checkout",
        table_name="purchases",
        postgresql_where=sa.text("status = 'pending' AND completed_at IS NULL"),
        sqlite_where=sa.text("status = 'pending' AND completed_at IS NULL"),
    )
    op.drop_index("ix_purchases_user_id_id", table_name="purchases")
    op.drop_table("purchases")
    op.drop_index("ix_ledger_entries_user_id_id", table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_index("ix_holds_user_id_id", table_name="holds")
    op.drop_index(
        "ix_holds_open_expires_at",
        table_name="holds",
        postgresql_where=sa.text("status = 'open'"),
        sqlite_where=sa.text("status = 'open'"),
    )
    op.drop_table("holds")
    op.drop_table("users")
    op.drop_index("ix_stripe_events_status_id", table_name="stripe_events")
    op.drop_table("stripe_events")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ledger_refuse")
        op.execute("DROP FUNCTION ledger_entries_compare")

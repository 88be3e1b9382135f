"""Money that goes back: refunds, disputes and charges, and entries that correct a grant."""

import sqlalchemy as sa
from alembic import op

from payapp.ledger.guards import POSTGRESQL_CORRECTION_GUARDS, SQLITE_CORRECTION_GUARDS

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# One statement, and not Alembic's batch mode: a table made anew would lose its guards.
ADD_CORRECTIONS = """
    ALTER TABLE ledger_entries ADD COLUMN corrects_entry_id BIGINT
    CONSTRAINT ck_ledger_entries_correction_names_grant
    CHECK ((entry_type IN ('clawback', 'reinstatement')) = (corrects_entry_id IS NOT NULL))"""
READ_OBJECT_IDS = {
    "sqlite": "UPDATE stripe_events SET stripe_object_id = json_extract(payload, '$.data.object.id')",
    "postgresql": "UPDATE stripe_events SET stripe_object_id = left(payload::json #>> '{data,object,id}', 255)",
}


def upgrade() -> None:
    engine = op.get_bind().dialect.name
    op.execute(ADD_CORRECTIONS)
    op.create_index(
        "ix_ledger_entries_corrects_entry_id",
        "ledger_entries",
        ["corrects_entry_id"],
        postgresql_where=sa.text("corrects_entry_id IS NOT NULL"),
        sqlite_where=sa.text("corrects_entry_id IS NOT NULL"),
    )
    guards = SQLITE_CORRECTION_GUARDS if engine == "sqlite" else POSTGRESQL_CORRECTION_GUARDS
    for statement in guards.values():
        op.execute(statement)
    op.add_column("stripe_events", sa.Column("stripe_object_id", sa.String(length=255), nullable=True))
    op.execute(READ_OBJECT_IDS[engine])
    op.create_index("ix_stripe_events_stripe_object_id", "stripe_events", ["stripe_object_id"])
    _create_refunds()
    _create_disputes()
    _create_charges()
    _create_refund_requests()


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", BigId, nullable=False),
        sa.Column("stripe_refund_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_charge_id", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('requires_action', 'pending', 'succeeded', 'failed', 'canceled')",
            name=op.f("ck_refunds_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("stripe_refund_id", name=op.f("uq_refunds_stripe_refund_id")),
    )
    op.create_index("ix_refunds_stripe_payment_intent_id", "refunds", ["stripe_payment_intent_id"])


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", BigId, nullable=False),
        sa.Column("stripe_dispute_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_charge_id", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reinstated_amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('warning_needs_response', 'warning_under_review', 'warning_closed', 'prevented',"
            " 'needs_response', 'under_review', 'lost', 'won')",
            name=op.f("ck_disputes_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("stripe_dispute_id", name=op.f("uq_disputes_stripe_dispute_id")),
    )
    op.create_index("ix_disputes_stripe_payment_intent_id", "disputes", ["stripe_payment_intent_id"])


def _create_charges() -> None:
    op.create_table(
        "charges",
        sa.Column("id", BigId, nullable=False),
        sa.Column("stripe_charge_id", sa.String(length=255), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.String(length=255), nullable=False),
        sa.Column("amount_refunded", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charges")),
        sa.UniqueConstraint("stripe_charge_id", name=op.f("uq_charges_stripe_charge_id")),
    )
    op.create_index("ix_charges_stripe_payment_intent_id", "charges", ["stripe_payment_intent_id"])


def _create_refund_requests() -> None:
    op.create_table(
        "refund_requests",
        sa.Column("id", BigId, nullable=False),
        sa.Column("purchase_id", BigId, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("stripe_refund_key", sa.String(length=255), nullable=False),
        sa.Column("stripe_refund_id", sa.String(length=255), nullable=True),
        sa.Column("refusal", sa.String(length=500), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refund_requests_amount_positive")),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchases.id"], name=op.f("fk_refund_requests_purchase_id_purchases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_requests")),
        sa.UniqueConstraint("stripe_refund_id", name=op.f("uq_refund_requests_stripe_refund_id")),
        sa.UniqueConstraint("stripe_refund_key", name=op.f("uq_refund_requests_stripe_refund_key")),
    )
    is_open = sa.text("stripe_refund_id IS NULL AND refused_at IS NULL")
    op.create_index(
        "uq_refund_requests_open",
        "refund_requests",
        ["purchase_id"],
        unique=True,
        postgresql_where=is_open,
        sqlite_where=is_open,
    )


def downgrade() -> None:
    """The entries stay; which grant each of them corrected is forgotten."""
    for table in ("refund_requests", "charges", "disputes", "refunds"):
        op.drop_table(table)
    op.drop_index("ix_stripe_events_stripe_object_id", table_name="stripe_events")
    op.execute("ALTER TABLE stripe_events DROP COLUMN stripe_object_id")
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute(f"DROP TRIGGER ledger_entries_correct_grants{' ON ledger_entries' if is_postgresql else ''}")
    if is_postgresql:
        op.execute("DROP FUNCTION ledger_entries_weigh")
    op.drop_index("ix_ledger_entries_corrects_entry_id", table_name="ledger_entries")
    op.execute("ALTER TABLE ledger_entries DROP COLUMN corrects_entry_id")

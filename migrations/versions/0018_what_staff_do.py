"""The log of what staff do, what the last reconciliations found, and indexes of what staff look for."""

import sqlalchemy as sa
from alembic import op

from payapp.audit.guards import POSTGRESQL_AUDIT_GUARDS, SQLITE_AUDIT_GUARDS

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
IS_DEBT = sa.text("balance_after < 0")
IS_CONTESTED = sa.text("status IN ('needs_response', 'under_review', 'warning_needs_response', 'warning_under_review')")


def upgrade() -> None:
    _create_audit_entries()
    op.create_table(
        "reconciliation_reports",
        sa.Column("span", sa.String(length=20), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("left_over", sa.Integer(), nullable=False),
        sa.Column("stopped_by", sa.Text(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("span", name=op.f("pk_reconciliation_reports")),
    )
    op.create_index(
        "ix_ledger_entries_debts", "ledger_entries", ["user_id"], postgresql_where=IS_DEBT, sqlite_where=IS_DEBT
    )
    op.create_index(
        "ix_disputes_contested", "disputes", ["id"], postgresql_where=IS_CONTESTED, sqlite_where=IS_CONTESTED
    )


def _create_audit_entries() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("operator", sa.String(length=255), nullable=True),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.String(length=300), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.CheckConstraint("(staff_id IS NULL) = (operator IS NOT NULL)", name=op.f("ck_audit_entries_one_actor")),
        sa.CheckConstraint("trim(note) <> ''", name=op.f("ck_audit_entries_note_given")),
        sa.ForeignKeyConstraint(["staff_id"], ["users.id"], name=op.f("fk_audit_entries_staff_id_users")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_audit_entries_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    for column in ("staff_id", "user_id", "act"):
        op.create_index(f"ix_audit_entries_{column}_id", "audit_entries", [column, "id"])
    guards = SQLITE_AUDIT_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_AUDIT_GUARDS
    for statement in guards.values():
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_disputes_contested", "disputes")
    op.drop_index("ix_ledger_entries_debts", "ledger_entries")
    op.drop_table("reconciliation_reports")
    op.drop_table("audit_entries")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_refuse")

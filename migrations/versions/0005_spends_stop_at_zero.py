"""Spends are holds that are captured from the start; the database refuses those of more than is available."""

from alembic import op

from payapp.ledger.guards import POSTGRESQL_SPEND_GUARDS, SQLITE_SPEND_GUARDS

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    guards = SQLITE_SPEND_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_SPEND_GUARDS
    for statement in guards.values():
        op.execute(statement)


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute(f"DROP TRIGGER holds_spend_what_is_available{' ON holds' if is_postgresql else ''}")
    if is_postgresql:
        op.execute("DROP FUNCTION holds_compare")

"""An index of what was used when, so that chart and pace need not read all that an account ever did."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_capture = sa.text("entry_type = 'capture'")
    op.create_index(
        "ix_ledger_entries_captures",
        "ledger_entries",
        ["user_id", "created_at", "amount"],
        postgresql_where=is_capture,
        sqlite_where=is_capture,
    )


def downgrade() -> None:
    op.drop_index("ix_ledger_entries_captures", table_name="ledger_entries")

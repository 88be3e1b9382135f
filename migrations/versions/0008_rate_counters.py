"""What was tried how often, counted in one place for all processes and hosts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_counters",
        sa.Column("counter_key", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("window_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("counter_key", name=op.f("pk_rate_counters")),
    )
    op.create_index("ix_rate_counters_window_ends_at", "rate_counters", ["window_ends_at"])


def downgrade() -> None:
    op.drop_table("rate_counters")

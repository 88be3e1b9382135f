"""How often the money of a dispute has moved: it may go again after it came back."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# What was kept so far can have moved twice at most: away, and back. Of one that was won all is back.
FILL_IN = (
    "UPDATE disputes SET movements = CASE WHEN reinstated_amount > 0 THEN 2 ELSE 1 END"
    " WHERE status IN ('needs_response', 'under_review', 'lost', 'won')",
    "UPDATE disputes SET reinstated_amount = amount WHERE status = 'won'",
)


def upgrade() -> None:
    op.add_column("disputes", sa.Column("movements", sa.Integer(), nullable=False, server_default="0"))
    for statement in FILL_IN:
        op.execute(statement)
    with op.batch_alter_table("disputes") as disputes:
        disputes.alter_column("movements", server_default=None)


def downgrade() -> None:
    op.execute("ALTER TABLE disputes DROP COLUMN movements")

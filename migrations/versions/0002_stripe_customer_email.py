"""The address that a user's Stripe customer was last given, so that a changed e-mail can be pushed to it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: making the table anew would drop the ledger's triggers on SQLite.
    op.add_column("users", sa.Column("stripe_customer_email", sa.String(length=320), nullable=True))
    # Until now nobody could change an address, so every request to Stripe has named today's.
    op.execute(
        "UPDATE users SET stripe_customer_email = email"
        " WHERE stripe_customer_id IS NOT NULL OR stripe_customer_requested_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("users", "stripe_customer_email")

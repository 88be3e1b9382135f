"""API keys, the stored answers of the API, and holds that name the request they were placed for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    # Plain statements, and not Alembic's batch mode: a table made anew would lose its guards.
    op.execute("ALTER TABLE holds ADD COLUMN idempotency_key VARCHAR(300)")
    op.create_index("uq_holds_idempotency_key", "holds", ["idempotency_key"], unique=True)
    is_open = sa.text("status = 'open'")
    op.create_index("ix_holds_open_user_id", "holds", ["user_id"], postgresql_where=is_open, sqlite_where=is_open)
    _create_api_keys()
    _create_api_requests()


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("prefix", sa.String(length=40), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'spend', 'service')", name=op.f("ck_api_keys_scope")),
        sa.CheckConstraint("(scope = 'service') = (user_id IS NULL)", name=op.f("ck_api_keys_service_has_no_user")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_index("ix_api_keys_user_id", "api_keys", ["user_id"])


def _create_api_requests() -> None:
    op.create_table(
        "api_requests",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("operation", sa.String(length=80), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_requests")),
        sa.UniqueConstraint("user_id", "idempotency_key", name=op.f("uq_api_requests_user_id_idempotency_key")),
    )
    op.create_index("ix_api_requests_created_at", "api_requests", ["created_at"])


def downgrade() -> None:
    """The holds stay; which request each was placed for is forgotten, and with it that it may not be repeated."""
    op.drop_table("api_requests")
    op.drop_table("api_keys")
    op.drop_index("ix_holds_open_user_id", table_name="holds")
    op.drop_index("uq_holds_idempotency_key", table_name="holds")
    op.execute("ALTER TABLE holds DROP COLUMN idempotency_key")

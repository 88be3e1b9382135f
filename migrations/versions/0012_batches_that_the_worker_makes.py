"""Lists of QR codes that the worker makes: how far each is, and its file."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IS_KEPT = sa.text("texts IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "qr_batches",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("hold_id", sa.BigInteger(), nullable=False),
        sa.Column("codes", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("worked_on_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("texts", sa.Text(), nullable=True),
        sa.Column("archive", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("made BETWEEN 0 AND codes", name=op.f("ck_qr_batches_made")),
        sa.CheckConstraint(
            "archive IS NULL OR finished_at IS NOT NULL", name=op.f("ck_qr_batches_archive_of_finished")
        ),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"], name=op.f("fk_qr_batches_hold_id_holds")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_qr_batches_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qr_batches")),
        sa.UniqueConstraint("hold_id", name=op.f("uq_qr_batches_hold_id")),
    )
    for columns in (["created_at"], ["user_id", "id"]):
        name = f"ix_qr_batches_kept_{'_'.join(columns)}"
        op.create_index(name, "qr_batches", columns, postgresql_where=IS_KEPT, sqlite_where=IS_KEPT)


def downgrade() -> None:
    op.drop_table("qr_batches")

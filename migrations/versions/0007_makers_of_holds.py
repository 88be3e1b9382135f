"""Holds, and the API's requests, name their maker: idempotency keys are of one maker, and a hold is ended by it alone.

Who made what stands already through the API was not written down. It gets the maker `program`, which is any program
that may act for the account, as it was until now: its holds can still be ended, and its keys stay used up.
"""

import sqlalchemy as sa
from alembic import op

from payapp.ledger.guards import POSTGRESQL_FIRST_GUARDS, SQLITE_FIRST_GUARDS

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain statements, and not Alembic's batch mode: a table made anew would lose its guards.
    op.execute(
        "ALTER TABLE holds ADD COLUMN maker VARCHAR(100) DEFAULT 'app' NOT NULL CONSTRAINT ck_holds_maker"
        " CHECK (maker IN ('app', 'user', 'program') OR substr(maker, 1, 8) = 'service:')"
    )
    _change_ended_holds("UPDATE holds SET maker = 'program' WHERE substr(idempotency_key, 1, 4) = 'api:'")
    op.drop_index("uq_holds_idempotency_key", table_name="holds")
    op.create_index("uq_holds_idempotency_key_maker", "holds", ["idempotency_key", "maker"], unique=True)
    with op.batch_alter_table("api_requests") as requests:
        requests.add_column(sa.Column("maker", sa.String(length=100), server_default="program", nullable=False))
        requests.drop_constraint(op.f("uq_api_requests_user_id_idempotency_key"), type_="unique")
        requests.create_unique_constraint(
            op.f("uq_api_requests_user_id_idempotency_key_maker"), ["user_id", "idempotency_key", "maker"]
        )


def downgrade() -> None:
    """Of several makers' holds or requests with one key, the first keeps it."""
    op.drop_index("uq_holds_idempotency_key_maker", table_name="holds")
    _change_ended_holds(
        "UPDATE holds SET idempotency_key = NULL WHERE EXISTS (SELECT 1 FROM holds AS other"
        " WHERE other.idempotency_key = holds.idempotency_key AND other.id < holds.id)"
    )
    op.execute("ALTER TABLE holds DROP COLUMN maker")
    op.create_index("uq_holds_idempotency_key", "holds", ["idempotency_key"], unique=True)
    op.execute(
        "DELETE FROM api_requests WHERE EXISTS (SELECT 1 FROM api_requests AS other"
        " WHERE other.user_id = api_requests.user_id AND other.idempotency_key = api_requests.idempotency_key"
        " AND other.id < api_requests.id)"
    )
    with op.batch_alter_table("api_requests") as requests:
        requests.drop_constraint(op.f("uq_api_requests_user_id_idempotency_key_maker"), type_="unique")
        requests.drop_column("maker")
        requests.create_unique_constraint(
            op.f("uq_api_requests_user_id_idempotency_key"), ["user_id", "idempotency_key"]
        )


def _change_ended_holds(statement: str) -> None:
    """Run the statement with the guard of ended holds out of its way."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"DROP TRIGGER holds_end_once{'' if is_sqlite else ' ON holds'}")
    op.execute(statement)
    op.execute((SQLITE_FIRST_GUARDS if is_sqlite else POSTGRESQL_FIRST_GUARDS)["holds_end_once"])

"""SQLite looks for an entry that would be replaced by its indexes, whatever ANALYZE has told it."""

from collections.abc import Mapping

from alembic import op

from payapp.ledger.guards import SQLITE_FIRST_GUARDS, SQLITE_REPLACE_GUARDS

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replace_guard(SQLITE_REPLACE_GUARDS)


def downgrade() -> None:
    _replace_guard(SQLITE_FIRST_GUARDS)


def _replace_guard(guards: Mapping[str, str]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER ledger_entries_no_replace")
        op.execute(guards["ledger_entries_no_replace"])

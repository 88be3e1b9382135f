"""Runs migrations inside the application, on whichever database it is set to."""

from alembic import context
from flask import current_app

import payapp.api.models

# Models must be imported for their tables to be known.
import payapp.audit.models
import payapp.auth.api_keys.models
import payapp.auth.factors.models
import payapp.auth.models
import payapp.auth.second_step.models
import payapp.billing.models
import payapp.features.qr_batches.models
import payapp.ledger.models
import payapp.mail.models
import payapp.webhooks.models  # noqa: F401
from payapp.database.base import Base
from payapp.database.waiting import DatabaseWait

WAIT_SECONDS_MAX = 60


def _is_ours(name, kind, parent_names) -> bool:
    """The job queue makes its own tables in PostgreSQL; they are none of our business."""
    return not (kind == "table" and name.startswith("huey_"))


def _connect(engine):
    """Wait for a PostgreSQL that is just starting; what is wrong with a SQLite file no waiting mends."""
    if engine.dialect.name == "sqlite":
        return engine.connect()
    return DatabaseWait(engine.url.database, WAIT_SECONDS_MAX).call(engine.connect)


def run() -> None:
    with _connect(current_app.extensions["migrate"].db.engine) as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_name=_is_ours,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()

"""Databases as they were at an earlier migration, for the tests of the later ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask_migrate import upgrade
from sqlalchemy import Engine

from payapp import create_app
from payapp.extensions import db
from tests.migrations.test_migrations import empty_database


@contextmanager
def database_at(revision: str, engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A new database at this migration, in an application's context: `upgrade()` and `db.session` mean this one."""
    url = empty_database(engine_name, request, tmp_path)
    with create_app({"DATABASE_URL": url, "PAYAPP_INSTANCE_PATH": str(tmp_path)}).app_context():
        upgrade(revision=revision)
        yield db.engine
        db.session.remove()
        db.engine.dispose()

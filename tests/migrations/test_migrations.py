"""Migrations: up and down on both engines, equal to the models, and the guards are there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from payapp import create_app
from payapp.audit.guards import POSTGRESQL_AUDIT_GUARDS, SQLITE_AUDIT_GUARDS
from payapp.config import PROJECT_ROOT
from payapp.database.base import Base, normalize_url
from payapp.extensions import db
from payapp.ledger.guards import POSTGRESQL_GUARDS, SQLITE_GUARDS

REVISIONS = [script.revision for script in ScriptDirectory(str(PROJECT_ROOT / "migrations")).walk_revisions()][::-1]
GUARDS = {
    "sqlite": {name for name, sql in (SQLITE_GUARDS | SQLITE_AUDIT_GUARDS).items() if "CREATE TRIGGER" in sql},
    "postgresql": {
        name for name, sql in (POSTGRESQL_GUARDS | POSTGRESQL_AUDIT_GUARDS).items() if "CREATE TRIGGER" in sql
    },
}
TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}
FUNCTIONS = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"


def empty_database(engine_name: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """Return the URL of a database without any table."""
    if engine_name == "sqlite":
        return f"sqlite:///{folder / f'{uuid4().hex}.db'}"
    url: str = request.getfixturevalue("postgres_databases").create_empty(f"test_{uuid4().hex}")
    return url


@pytest.fixture
def empty_app(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """The application on a database without any table, in its context."""
    url = empty_database(engine_name, request, tmp_path)
    app = create_app({"DATABASE_URL": url, "PAYAPP_INSTANCE_PATH": str(tmp_path)})
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def engine(empty_app: Flask) -> Engine:
    return db.engine


def names(engine: Engine, statement: str) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text(statement)).scalars())


def tables_of(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def describe(engine: Engine) -> dict[str, Any]:
    """Everything the database tells about each of our tables, in an order that does not depend on how it was made."""
    inspector = inspect(engine)
    return {table: describe_table(inspector, table) for table in Base.metadata.tables}


def describe_table(inspector: Any, table: str) -> dict[str, Any]:
    found = {
        "columns": {
            column["name"]: (str(column["type"]), column["nullable"], str(column["default"]))
            for column in inspector.get_columns(table)
        },
        "primary key": inspector.get_pk_constraint(table),
    }
    for kind in ("foreign_keys", "indexes", "unique_constraints", "check_constraints"):
        rows = getattr(inspector, f"get_{kind}")(table)
        found[kind] = {row["name"]: in_words(row) for row in rows}
    return found


def in_words(value: Any) -> Any:
    """Return the value with SQL expressions as texts: two of them with the same words are not equal."""
    return {key: in_words(each) for key, each in value.items()} if isinstance(value, dict) else str(value)


def test_it_works(engine: Engine) -> None:
    assert tables_of(engine) == set()
    upgrade()
    assert tables_of(engine) == {*Base.metadata.tables, "alembic_version"}


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_revision_goes_up_and_down_and_up_again(engine: Engine, engine_name: str, revision: str) -> None:
    upgrade(revision=revision)
    there = tables_of(engine)
    assert len(there) > 1
    downgrade(revision="base")
    assert tables_of(engine) == {"alembic_version"}
    assert names(engine, TRIGGERS[engine_name]) == set()
    if engine_name == "postgresql":
        assert names(engine, FUNCTIONS) == set()
    upgrade(revision=revision)
    assert tables_of(engine) == there


@pytest.mark.usefixtures("engine")
def test_the_newest_equals_the_models_for_alembic() -> None:
    """Tables, columns, types, server defaults, indexes and unique constraints; raises when something differs."""
    upgrade()
    check()


def test_the_newest_equals_the_models_in_every_detail(
    engine: Engine, engine_name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Also what alembic does not compare: CHECK constraints, names, the conditions of partial indexes."""
    upgrade()
    from_models = create_engine(normalize_url(empty_database(engine_name, request, tmp_path)))
    Base.metadata.create_all(from_models)
    assert describe(engine) == describe(from_models)
    from_models.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE users ADD COLUMN nickname VARCHAR(20)",
        "DROP INDEX ix_ledger_entries_user_id_id",
        "CREATE TABLE stranger (id INTEGER)",
    ],
)
def test_a_difference_is_noticed(engine: Engine, change: str) -> None:
    upgrade()
    with engine.begin() as connection:
        connection.execute(text(change))
    with pytest.raises(SystemExit):
        check()


def test_tables_of_the_job_queue_are_ignored(engine: Engine) -> None:
    upgrade()
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE huey_task (id INTEGER)"))
    check()
    downgrade(revision="base")
    assert tables_of(engine) == {"alembic_version", "huey_task"}


def test_the_guards_are_there(engine: Engine, engine_name: str) -> None:
    upgrade()
    assert names(engine, TRIGGERS[engine_name]) == GUARDS[engine_name]


def test_a_migration_that_fails_leaves_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE purchases (id INTEGER)"))  # in the way of the fifth table
    with pytest.raises(SQLAlchemyError, match="already exists"):
        upgrade()
    assert tables_of(engine) <= {"purchases", "alembic_version"}


def test_going_up_twice_changes_nothing(engine: Engine) -> None:
    upgrade()
    before = describe(engine)
    upgrade()
    assert describe(engine) == before
    assert names(engine, "SELECT version_num FROM alembic_version") == {REVISIONS[-1]}


def test_there_is_one_newest_revision() -> None:
    assert ScriptDirectory(str(PROJECT_ROOT / "migrations")).get_heads() == [REVISIONS[-1]]
    assert sorted(REVISIONS) == REVISIONS

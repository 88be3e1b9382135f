"""Fixtures for every test: a fresh migrated database on each engine, the application on it, and its people."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from payapp.auth import accounts
from payapp.database.base import expect_reads_only
from payapp.extensions import db
from tests.applications import Applications, settings_for
from tests.compiled_templates import keep_compiled_templates
from tests.databases import (
    ENGINES,
    PostgresDatabases,
    SqliteDatabases,
    running_postgres,
    sqlite_databases_in_memory,
)
from tests.effort import choose_examples
from tests.people import Visitor
from tests.processes import Stack
from tests.quick_hashes import QUICK_HASHER
from tests.scheduling import (
    pytest_collection_finish,
    pytest_collection_modifyitems,
    pytest_sessionfinish,
    pytest_sessionstart,
)
from tests.stand_in import StandIn, running_stand_in

__all__ = ["pytest_collection_finish", "pytest_collection_modifyitems", "pytest_sessionfinish", "pytest_sessionstart"]

logging.getLogger("alembic").setLevel(logging.WARNING)
choose_examples()
keep_compiled_templates()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URI of a real PostgreSQL server, one for each test process."""
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> PostgresDatabases:
    return PostgresDatabases(postgres_server, tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def sqlite_databases() -> Iterator[SqliteDatabases]:
    with sqlite_databases_in_memory() as databases:
        yield databases


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """Tests that use a database run twice: on SQLite and on PostgreSQL."""
    return str(request.param)


@pytest.fixture
def database_url(engine_name: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, migrated database for this one test."""
    fixture = {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}[engine_name]
    databases: SqliteDatabases | PostgresDatabases = request.getfixturevalue(fixture)
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> dict[str, str]:
    """Settings of the application under test; a test may change them before it asks for `app`."""
    return settings_for(database_url, tmp_path)


@pytest.fixture(scope="session")
def applications() -> Applications:
    return Applications()


@pytest.fixture
def app(settings: dict[str, str], applications: Applications) -> Iterator[Flask]:
    """The application; a test may change it, and the next gets another."""
    with applications.lend(settings) as app:
        yield app


@pytest.fixture(scope="module", params=ENGINES)
def shared_app(
    request: pytest.FixtureRequest,
    applications: Applications,
    stand_in: StandIn,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flask]:
    """One application for all tests of a module, its database and the stand-in included; its tests must share well."""
    fixture = {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}[request.param]
    databases: SqliteDatabases | PostgresDatabases = request.getfixturevalue(fixture)
    url = databases.create()
    settings = settings_for(url, tmp_path_factory.mktemp("shared_app"))
    settings |= {"STRIPE_API_BASE": stand_in.url, "MAIL_URL": "console"}  # no worker is there to print any
    with applications.lend(settings) as app:
        yield app
    databases.drop(url)


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """The application's own database session, inside an application context. Requests do not share it."""
    with app.app_context():
        expect_reads_only()  # a test that only looks does not keep the writer's lock from the next request
        yield db.session()
        db.session.rollback()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """A person with a browser who has not signed up yet."""
    return Visitor(app.test_client())


@pytest.fixture(autouse=True)
def quick_password_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are argon2id here too, only not as slow to guess; tests in this process make many."""
    monkeypatch.setattr(accounts, "hasher", QUICK_HASHER)
    accounts._nobodys_hash.cache_clear()


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """The Stripe stand-in, one process for each test process. It sends no webhooks: see tests/processes.py for that."""
    with running_stand_in(tmp_path_factory.mktemp("stand_in")) as stand_in:
        yield stand_in


@pytest.fixture
def stripe(settings: dict[str, str], stand_in: StandIn) -> StandIn:
    """The stand-in, connected with the application of this test. Name it before `app`, `client` and `visitor`."""
    stand_in.reset()
    settings["STRIPE_API_BASE"] = stand_in.url
    return stand_in


@pytest.fixture(scope="module", params=ENGINES)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """payapp as real processes, two of them for the web, and a stand-in that sends webhooks; a module shares it."""
    databases = request.getfixturevalue(
        {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}[request.param]
    )
    folder = tmp_path_factory.mktemp("stack")
    stack = Stack(databases.create(), folder, web_workers=2)
    try:
        stack.start_stripe()
        stack.start_web()
        yield stack
    finally:
        stack.stop()


@pytest.fixture
def stack_stand_in(stack: Stack) -> StandIn:
    """The stand-in beside `stack`, its faults and its log of requests forgotten."""
    stand_in = StandIn(stack.stripe_url, stack.folder / "fake_stripe.sqlite3")
    stand_in.reset()
    return stand_in

"""A database that is down, before or while the application runs: 503, never a 500, and the next delivery works."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

import payapp.database.base
from payapp.billing.models import Purchase
from tests.factories import event_payload
from tests.processes import free_port
from tests.webhooks.delivering import deliver, event_about, get_only_event, grants_of

Outage = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def outage(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Outage:
    """Returns a context during which nobody can write to the database (SQLite) or reach it (PostgreSQL)."""
    monkeypatch.setattr(payapp.database.base, "SQLITE_BUSY_TIMEOUT_SECONDS", 0.1)
    url = settings["DATABASE_URL"]
    if url.startswith("sqlite"):
        return lambda: _locked_sqlite(str(make_url(url).database))
    server_url: str = request.getfixturevalue("postgres_server")
    return lambda: _closed_postgres(server_url, str(make_url(url).database))


@contextmanager
def _locked_sqlite(path: str) -> Iterator[None]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    yield
    connection.close()


@contextmanager
def _closed_postgres(server_url: str, name: str) -> Iterator[None]:
    """Every connection breaks, and no new one is accepted: what clients see of a server that was stopped."""
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_it_answers_503_while_the_database_is_down_and_works_afterwards(
    outage: Outage, app: Flask, session: Session, purchase: Purchase
) -> None:
    client = app.test_client()
    payload = event_about(purchase)
    assert deliver(client, event_payload("customer.updated", {}, id="evt_before")).status_code == 200
    purchase_id = purchase.id
    session.close()  # the test's own connection would break too
    with outage():
        assert deliver(client, payload).status_code == 503
    assert deliver(client, payload).status_code == 200
    loaded = session.get_one(Purchase, purchase_id)
    assert (loaded.status, grants_of(session, loaded)) == ("fulfilled", 1)


def test_it_answers_503_when_started_without_a_database(
    engine_name: str, tmp_path: Path, settings: dict[str, str], request: pytest.FixtureRequest
) -> None:
    settings["DATABASE_URL"] = {
        "sqlite": f"sqlite:///{tmp_path}/no/such/folder/payapp.db",
        "postgresql": f"postgresql://nobody@127.0.0.1:{free_port()}/payapp",
    }[engine_name]
    app: Flask = request.getfixturevalue("app")
    client = app.test_client()
    assert deliver(client, event_payload("customer.updated", {})).status_code == 503
    assert client.get("/healthz").status_code == 200


def test_it_answers_503_when_the_events_have_no_table(app: Flask, session: Session, purchase: Purchase) -> None:
    """Then the failure can't be recorded either."""
    client = app.test_client()
    payload = event_about(purchase)
    session.execute(text("ALTER TABLE stripe_events RENAME TO away"))
    session.commit()
    assert deliver(client, payload).status_code == 503
    session.execute(text("ALTER TABLE away RENAME TO stripe_events"))
    session.commit()
    assert deliver(client, payload).status_code == 200
    assert (get_only_event(session).status, grants_of(session, purchase)) == ("processed", 1)

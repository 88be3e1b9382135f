"""GET /healthz and /readyz."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from payapp.database.base import expect_writes
from tests.databases import PostgresDatabases


def test_it_is_alive_and_ready(client: FlaskClient) -> None:
    assert (client.get("/healthz").status_code, client.get("/healthz").json) == (200, {"status": "alive"})
    assert (client.get("/readyz").status_code, client.get("/readyz").json) == (200, {"status": "ready"})


class TestDatabaseDown:
    @pytest.fixture
    def database_url(self, engine_name: str) -> str:
        return {"sqlite": "sqlite:////nowhere/payapp.db", "postgresql": "postgresql://nobody@127.0.0.1:9/nothing"}[
            engine_name
        ]

    def test_it_is_alive_but_not_ready(self, client: FlaskClient) -> None:
        assert client.get("/healthz").status_code == 200
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.get_json() == {"status": "not ready", "reason": "database: OperationalError"}


class TestMigrationsMissing:
    @pytest.fixture
    def database_url(self, engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
        if engine_name == "sqlite":
            return f"sqlite:///{tmp_path / 'empty.db'}"
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        return databases.create_empty(f"empty_{tmp_path.name.lower()}"[:60])

    def test_it_is_alive_but_not_ready(self, client: FlaskClient) -> None:
        assert client.get("/healthz").status_code == 200
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.get_json()["reason"].startswith("migrations: at None, want ")


def test_a_database_of_an_older_release_is_not_ready(client: FlaskClient, session: Session) -> None:
    expect_writes()
    session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    session.commit()
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").get_json()["reason"].startswith("migrations: at 0000, want ")


def test_it_tells_no_secrets(client: FlaskClient, settings: dict[str, str]) -> None:
    for path in ("/healthz", "/readyz"):
        assert settings["DATABASE_URL"] not in client.get(path).text


class TestProductionWithoutMail:
    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        keys = {"SECRET_KEY": "0123456789abcdef0123456789abcdef", "STRIPE_PUBLISHABLE_KEY": "pk_test_x"}
        return settings | keys | {"PAYAPP_ENV": "production", "STRIPE_SECRET_KEY": "sk_test_x", "MAIL_URL": ""}

    def test_it_is_ready_and_says_so(self, client: FlaskClient) -> None:
        response = client.get("/readyz")
        assert response.status_code == 200
        assert response.get_json()["notes"] == ["MAIL_URL is empty: no mails, and nothing that needs them"]

"""Migration 0002: which address each Stripe customer has is filled in, and the ledger's guards survive it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, inspect, text

from tests.migrations.earlier import database_at
from tests.migrations.test_migrations import TRIGGERS, names

USERS = """
    INSERT INTO users (email, password_hash, stripe_customer_id, stripe_customer_key, stripe_customer_requested_at,
                       created_at)
    VALUES ('known@example.com', 'none', 'cus_1', 'customer:1', '2026-01-01 00:00:00', '2026-01-01 00:00:00'),
           ('asked@example.com', 'none', NULL, 'customer:2', '2026-01-01 00:00:00', '2026-01-01 00:00:00'),
           ('new@example.com', 'none', NULL, 'customer:3', NULL, '2026-01-01 00:00:00')
"""


@pytest.fixture
def engine(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database as it was before, with users."""
    with database_at("0001", engine_name, request, tmp_path) as engine:
        with engine.begin() as connection:
            connection.execute(text(USERS))
        yield engine


def test_it_fills_in_the_address_of_all_whom_stripe_was_told_of(engine: Engine) -> None:
    upgrade(revision="0002")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT email, stripe_customer_email FROM users"))
        found = {row.email: row.stripe_customer_email for row in rows}
    assert found == {
        "known@example.com": "known@example.com",
        "asked@example.com": "asked@example.com",
        "new@example.com": None,
    }


def test_it_goes_back_with_the_guards_in_place(engine: Engine, engine_name: str) -> None:
    before = names(engine, TRIGGERS[engine_name])
    upgrade(revision="0002")
    assert names(engine, TRIGGERS[engine_name]) == before
    downgrade(revision="0001")
    assert names(engine, TRIGGERS[engine_name]) == before != set()
    assert "stripe_customer_email" not in {column["name"] for column in inspect(engine).get_columns("users")}

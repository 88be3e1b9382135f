"""Migration 0009: one spelling for each address, and two accounts of one mailbox are told of, not merged."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, text

from tests.migrations.earlier import database_at
from tests.migrations.test_migrations import TRIGGERS, names

EMAILS = [
    "ada@example.com",
    "kim@b\u00fccher.example",
    "kim@xn--bcher-kva.example",
    "lee@b\u00fccher.example",
    "jos\u00e9@example.com",
    "jos\u00e9@caf\u00e9.example",
    "not an address \u00e9",
]


@pytest.fixture
def engine(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database as it was before, with users 1, 2, 3 …"""
    with database_at("0008", engine_name, request, tmp_path) as engine:
        insert = text(
            "INSERT INTO users (email, password_hash, stripe_customer_key, created_at)"
            " VALUES (:email, 'none', :email, '2026-01-01 00:00:00')"
        )
        with engine.begin() as connection:
            connection.execute(insert, [{"email": email} for email in EMAILS])
        yield engine


def emails(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT email FROM users ORDER BY id")).scalars())


def test_it_spells_every_domain_in_ascii_unless_somebody_else_has_the_mailbox(
    engine: Engine, engine_name: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = names(engine, TRIGGERS[engine_name])
    with caplog.at_level(logging.WARNING):
        upgrade(revision="0009")
    assert emails(engine) == [
        "ada@example.com",
        "kim@b\u00fccher.example",
        "kim@xn--bcher-kva.example",
        "lee@xn--bcher-kva.example",
        "jos\u00e9@example.com",
        "jos\u00e9@xn--caf-dma.example",
        "not an address \u00e9",
    ]
    assert "users 2, 3 have one mailbox in several spellings and were left as they are" in caplog.text
    assert names(engine, TRIGGERS[engine_name]) == before != set()


def test_it_goes_back_and_forth(engine: Engine) -> None:
    upgrade(revision="0009")
    there = emails(engine)
    downgrade(revision="0008")
    upgrade(revision="0009")
    assert emails(engine) == there

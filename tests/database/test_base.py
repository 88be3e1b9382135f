"""payapp/database/base.py: column types, SQL functions and the engines' set-up."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, column, select, table, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from payapp.database.base import (
    SQLITE_BUSY_TIMEOUT_SECONDS,
    UtcDateTime,
    engine_options,
    expect_reads_only,
    expect_writes,
    insert_into,
    normalize_url,
    writing,
)
from payapp.database.clock import utc_now
from payapp.database.sql_functions import database_now, utc_date
from payapp.ledger.models import Hold
from tests.factories import make_user
from tests.ledger.racing import engine_for

OTHER_ZONE = timezone(timedelta(hours=5, minutes=30))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    with engine_for(database_url) as engine:
        yield engine


@pytest.fixture
def sqlite_engine(sqlite_databases: Any, tmp_path: Any) -> Iterator[Engine]:
    """SQLite, with a transaction that begins as the application's do by default."""
    expect_writes()
    with engine_for(sqlite_databases.create()) as engine:
        yield engine


def begin(engine: Engine) -> None:
    """Begin a transaction and end it."""
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


# ---- moments


def test_moments_come_back_aware_and_equal(session: Session) -> None:
    for moment in (datetime(2026, 3, 2, 12, 0, 0, 123456, UTC), datetime(2026, 3, 2, 1, 30, tzinfo=OTHER_ZONE)):
        user_id = make_user(session, created_at=moment).id
        users = table("users", column("id"), column("created_at", UtcDateTime))
        found = session.scalars(select(users.c.created_at).where(users.c.id == user_id)).one()
        assert (found, found.tzinfo) == (moment, UTC)


def test_a_naive_moment_is_refused(session: Session) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        make_user(session, created_at=datetime(2026, 3, 2))  # noqa: DTZ001


@pytest.mark.parametrize("seconds", [0, 0.25, -0.25, 90, -7200, 1e-9, 3.4e-5, 86_400 * 365])
def test_database_now_is_now_moved_by_seconds(engine: Engine, seconds: float) -> None:
    with engine.connect() as connection:
        found = connection.scalar(select(database_now(seconds)))
    assert found is not None
    assert found.tzinfo is UTC
    assert abs(found - utc_now() - timedelta(seconds=seconds)) < timedelta(seconds=5)


def test_database_now_compares_with_stored_moments(session: Session) -> None:
    """In SQLite moments are texts, so both must be written alike."""
    user = make_user(session)
    for offset, is_past in ((-0.5, True), (0.5, False)):
        user.created_at = utc_now() + timedelta(seconds=offset)
        session.commit()
        users = table("users", column("created_at", UtcDateTime))
        assert session.scalar(select(users.c.created_at <= database_now())) is is_past


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 1, 23, 59, 59, 999999, UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 2, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 3, 2, 1, 0, tzinfo=OTHER_ZONE), date(2026, 3, 1)),
    ],
)
def test_utc_date_is_the_day_in_utc(session: Session, moment: datetime, day: date) -> None:
    make_user(session, created_at=moment)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL TIME ZONE 'Asia/Tokyo'"))
    users = table("users", column("created_at", UtcDateTime))
    assert session.scalar(select(utc_date(users.c.created_at))) == day


# ---- addresses and options


@pytest.mark.parametrize(
    ("url", "normalized"),
    [
        (
            "postgres://u:p%40ss@host:5433/name?sslmode=require",
            "postgresql+psycopg://u:p%40ss@host:5433/name?sslmode=require",
        ),
        ("postgresql://host/name", "postgresql+psycopg://host/name"),
        ("postgresql+psycopg://host/name", "postgresql+psycopg://host/name"),
        ("sqlite:////var/lib/payapp.db", "sqlite:////var/lib/payapp.db"),
    ],
)
def test_addresses_name_the_driver(url: str, normalized: str) -> None:
    assert normalize_url(url) == normalized


def test_postgresql_prepares_no_statements() -> None:
    """They break behind a transaction pooler."""
    assert engine_options("postgresql+psycopg://host/name")["connect_args"]["prepare_threshold"] is None


def test_errors_do_not_show_what_was_in_the_statement(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(Exception, match="no_such_table") as caught:
        connection.execute(text("INSERT INTO no_such_table VALUES (:secret)"), {"secret": "ada@example.com"})
    assert "ada@example.com" not in str(caught.value)


# ---- SQLite's set-up


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("recursive_triggers", 1)],
)
def test_every_sqlite_connection_is_set_up(sqlite_engine: Engine, pragma: str, value: object) -> None:
    expect_reads_only()  # two writers would wait for each other
    with sqlite_engine.connect() as first, sqlite_engine.connect() as second:
        for connection in (first, second):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
            assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == SQLITE_BUSY_TIMEOUT_SECONDS * 1000


def test_a_transaction_takes_the_write_lock_at_its_start(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        assert not can_write(sqlite_engine)
    assert can_write(sqlite_engine)


def test_a_transaction_that_only_reads_does_not(sqlite_engine: Engine) -> None:
    expect_reads_only()
    with sqlite_engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        assert can_write(sqlite_engine)
        with writing(), sqlite_engine.connect() as writer:
            writer.execute(text("SELECT 1"))
            assert not can_write(sqlite_engine)
    begin(sqlite_engine)
    assert can_write(sqlite_engine)


def test_writing_ends_with_its_block_even_after_an_error(sqlite_engine: Engine) -> None:
    expect_reads_only()
    with pytest.raises(ZeroDivisionError), writing():
        raise ZeroDivisionError
    with sqlite_engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        assert can_write(sqlite_engine)


def test_a_new_table_is_rolled_back_too(engine: Engine) -> None:
    """So a migration that fails leaves nothing behind; SQLite's driver alone would begin too late for that."""
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        connection.rollback()
        with pytest.raises(Exception, match="half"):
            connection.execute(text("SELECT * FROM half"))


def can_write(engine: Engine) -> bool:
    """Whether somebody else could write to the SQLite file at this moment."""
    other = sqlite3.connect(engine.url.database or "", timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    else:
        return True
    finally:
        other.close()


# ---- statements


def test_insert_knows_conflicts_on_both_engines(session: Session) -> None:
    user = make_user(session)
    values = {"id": 1, "user_id": user.id, "amount": 5, "status": "open", "feature": "test"}
    values |= {"expires_at": utc_now(), "created_at": utc_now()}
    for amount in (5, 6):
        session.execute(insert_into(session, Hold).values(values | {"amount": amount}).on_conflict_do_nothing())
    assert session.scalars(select(Hold.amount)).all() == [5]

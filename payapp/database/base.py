"""The database without Flask: base class, naming convention, column types and engine set-up."""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Table,
    event,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from payapp.database.quiet_errors import keep_errors_quiet

SQLITE_BUSY_TIMEOUT_SECONDS = 15
# Seconds, and three tries: the operating system asks after an idle connection, and notes when nobody is there any more.
POSTGRES_TIMES = {"connect_timeout": 5, "keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3}
POSTGRES_PREPARE_AFTER = 5  # times that a connection has sent a statement; the driver's own default
POSTGRES_POOL_SIZE = 8  # one connection for each request that a process works on at once, see web/seats.py

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite numbers rows by itself only in a column declared INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of every model; one metadata, so that migrations see all tables."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment. SQLite stores it naive, PostgreSQL as timestamptz; Python always sees it aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_sqlite_begin: ContextVar[str] = ContextVar("sqlite_begin", default="BEGIN IMMEDIATE")


def expect_reads_only() -> None:
    """From here on, in this context, SQLite transactions start without the write lock (a page that only reads)."""
    _sqlite_begin.set("BEGIN DEFERRED")


def expect_writes() -> None:
    """From here on, in this context, SQLite transactions take the write lock at their start (the default)."""
    _sqlite_begin.set("BEGIN IMMEDIATE")


def turn_to_writing(session: Session) -> None:
    """From here on, in this context, the session writes, though it has read before.

    SQLite's reading transaction ends, so that the next takes the write lock at its start. PostgreSQL's goes on: at
    READ COMMITTED nothing is lost by that, and two round trips are saved.
    """
    expect_writes()
    if session.get_bind().dialect.name == "sqlite":
        session.rollback()


@contextmanager
def writing() -> Iterator[None]:
    """Within a page that mostly reads: transactions begun inside take SQLite's write lock at their start.

    Without it a read that turns into a write can fail at once with "database is locked".
    """
    token = _sqlite_begin.set("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        _sqlite_begin.reset(token)


def normalize_url(url: str) -> str:
    """Return `url` with the driver payapp uses: `postgres://` and `postgresql://` mean psycopg 3."""
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)


def engine_options(url: str) -> dict[str, Any]:
    """Return the SQLAlchemy engine options for `url` (see docs/decisions/0001-sqlite-and-postgresql.md)."""
    if make_url(url).get_backend_name() == "sqlite":
        return {"hide_parameters": True, "connect_args": {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}}
    return {
        "hide_parameters": True,  # errors are logged; addresses and hashes have no place in a log
        "pool_recycle": 1800,
        "pool_size": POSTGRES_POOL_SIZE,
        # No prepared statements, until _prepare_if_direct() finds that nothing stands in their way.
        "connect_args": {"prepare_threshold": None, **POSTGRES_TIMES},
    }


def prepare_engine(engine: Engine) -> None:
    """Give a SQLite engine WAL, foreign keys and transactions that begin when SQLAlchemy says so.

    A PostgreSQL engine gets prepared statements on every connection that goes to the server itself, never hands out a
    connection that the server has closed meanwhile, and its errors tell no values.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_if_direct)
        event.listen(engine, "checkout", _replace_if_closed)
        keep_errors_quiet(engine)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own implicit BEGIN comes too late to be IMMEDIATE
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(_sqlite_begin.get())


def _prepare_if_direct(connection: Any, _record: Any) -> None:
    """Let the driver prepare what it sends often, which saves the server a third of its work; not through a pooler.

    A transaction pooler hands every transaction to another server process, where a statement prepared before is
    unknown. It tells its clients a process id of its own making: so where the server names the id that the driver
    was told, nothing stands between. Measured with PgBouncer 1.18.
    """
    (server_process_id,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.rollback()
    if server_process_id == connection.info.backend_pid:
        connection.prepare_threshold = POSTGRES_PREPARE_AFTER


def _replace_if_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool open a new connection when the server has closed this one since its last use.

    An idle connection has nothing to read, unless to learn that. Looking costs nothing, where SQLAlchemy's
    pool_pre_ping asks the server each time: a sixth of all that a spend sends.
    """
    if connection.closed or _has_news(connection.fileno()):
        raise DisconnectionError("the server has closed this connection")


def _has_news(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def table_of(model: type[Base]) -> Table:
    """Return the model's table: statements on it skip the ORM's part, which takes as long as all the rest."""
    return cast(Table, model.__table__)


def dialect_insert(session: Session) -> Callable[[Table], Any]:
    """Return the insert() of the session's own dialect, which knows ON CONFLICT on both engines."""
    return sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert


def insert_into(session: Session, model: type[Base]) -> Any:
    """Return the INSERT of the session's own dialect into the model's table."""
    return dialect_insert(session)(table_of(model))

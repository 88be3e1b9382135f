"""PostgreSQL connections: which ones prepare statements, and what becomes of one that the server has closed."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

from payapp.database.base import engine_options, normalize_url, prepare_engine

# BackendKeyData, by which a client learns the process id. https://www.postgresql.org/docs/current/protocol-message-formats.html
PROCESS_ID = re.compile(rb"(K\x00\x00\x00\x0c)....", re.DOTALL)
OTHER_ID = rb"\1" + b"\x7f\xff\xff\xff"


@contextmanager
def connecting(url: URL) -> Iterator[Engine]:
    """Yield an engine as payapp makes it."""
    database_url = normalize_url(url.render_as_string(hide_password=False))
    engine = create_engine(database_url, **engine_options(database_url))
    prepare_engine(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def prepare_threshold(engine: Engine) -> int | None:
    """Return after how often a connection prepares a statement; None for never."""
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
        driver_connection = connection.connection.dbapi_connection
        assert driver_connection is not None
        threshold: int | None = driver_connection.prepare_threshold
    return threshold


def process_id(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


@pytest.fixture
def server(postgres_server: str) -> URL:
    return make_url(postgres_server)


def test_it_prepares_statements_on_a_direct_connection(server: URL) -> None:
    with connecting(server) as engine:
        assert prepare_threshold(engine) == 5


def test_it_prepares_none_through_a_pooler(server: URL) -> None:
    with relaying_with_an_id_of_its_own(server) as port:
        pooled = server.set(host="127.0.0.1", port=port, query={"sslmode": "disable", "gssencmode": "disable"})
        with connecting(pooled) as engine:
            assert prepare_threshold(engine) is None


def test_it_uses_a_connection_again(server: URL) -> None:
    with connecting(server) as engine:
        assert process_id(engine) == process_id(engine)


def test_it_replaces_a_connection_that_the_server_has_closed(server: URL) -> None:
    with connecting(server) as engine, psycopg.connect(server.render_as_string(), autocommit=True) as operator:
        closed = process_id(engine)
        operator.execute("SELECT pg_terminate_backend(%s, 5000)", [closed])  # waits until it is gone
        assert process_id(engine) != closed


def test_it_replaces_a_connection_that_was_closed_here(server: URL) -> None:
    with connecting(server) as engine:
        closed = process_id(engine)
        with engine.connect() as connection:
            driver_connection = connection.connection.dbapi_connection
        assert driver_connection is not None
        driver_connection.close()
        assert process_id(engine) != closed


@contextmanager
def relaying_with_an_id_of_its_own(server: URL) -> Iterator[int]:
    """Listen as a pooler does for the time of the block: pass on everything but the server's process id."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as upstream:
        upstream.connect(f"{server.query['host']}/.s.PGSQL.5432")
        relay = threading.Thread(target=relay_one, args=(listener, upstream), daemon=True)
        relay.start()
        yield listener.getsockname()[1]
    relay.join(timeout=5)


def relay_one(listener: socket.socket, upstream: socket.socket) -> None:
    client, _ = listener.accept()
    answers = threading.Thread(target=pump, args=(upstream, client), daemon=True)
    answers.start()
    pump(client, upstream)
    answers.join(timeout=5)


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError), target:
        while data := source.recv(65536):
            target.sendall(PROCESS_ID.sub(OTHER_ID, data))

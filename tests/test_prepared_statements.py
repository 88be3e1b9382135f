"""PostgreSQL connections prepare what they send often, unless a pooler stands between: there it would get lost."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from payapp.db import engine_options, normalize_url, prepare_engine

# BackendKeyData, by which a client learns the process id. https://www.postgresql.org/docs/current/protocol-message-formats.html
PROCESS_ID = re.compile(rb"(K\x00\x00\x00\x0c)....", re.DOTALL)
OTHER_ID = rb"\1" + b"\x7f\xff\xff\xff"


def prepare_threshold(url: URL) -> int | None:
    """Return after how often a connection of ours prepares a statement; None for never."""
    database_url = normalize_url(url.render_as_string(hide_password=False))
    engine = create_engine(database_url, **engine_options(database_url))
    prepare_engine(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
        driver_connection = connection.connection.dbapi_connection
        assert driver_connection is not None
        threshold: int | None = driver_connection.prepare_threshold
    engine.dispose()
    return threshold


@pytest.fixture
def server(postgres_server: str) -> URL:
    return make_url(postgres_server)


def test_it_prepares_statements_on_a_direct_connection(server: URL) -> None:
    assert prepare_threshold(server) == 5


def test_it_prepares_none_through_a_pooler(server: URL) -> None:
    with relaying_with_an_id_of_its_own(server) as port:
        pooled = server.set(host="127.0.0.1", port=port, query={"sslmode": "disable", "gssencmode": "disable"})
        assert prepare_threshold(pooled) is None


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

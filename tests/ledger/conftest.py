"""Fixtures of the ledger's tests: processes that race, and a connection that knows nothing of payapp."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from tests.ledger.racing import Racers


@pytest.fixture(scope="session")
def racers() -> Iterator[Racers]:
    racers = Racers()
    yield racers
    racers.stop()


@pytest.fixture
def raw(database_url: str) -> Iterator[Any]:
    """A bare connection of the driver, as an operator's shell has: none of our pragmas, no SQLAlchemy."""
    if database_url.startswith("sqlite"):
        path = make_url(database_url).database
        assert path is not None
        connection: Any = sqlite3.connect(path)
    else:
        connection = psycopg.connect(database_url)
    yield connection
    connection.close()

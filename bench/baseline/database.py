"""The connection of each thread, to the database of payapp's settings."""

import os
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

URL = make_url(os.environ["DATABASE_URL"])
IS_SQLITE = URL.drivername == "sqlite"

threads = threading.local()


def postgres() -> psycopg.Connection[Any]:
    """Return this thread's connection, opened once; each statement is a transaction."""
    if not hasattr(threads, "postgres"):
        threads.postgres = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    connection: psycopg.Connection[Any] = threads.postgres
    return connection


def sqlite() -> sqlite3.Connection:
    """The same for SQLite, with payapp's own settings; transactions begin when they are told to."""
    if not hasattr(threads, "sqlite"):
        threads.sqlite = sqlite3.connect(Path(str(URL.database)), timeout=15, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
            threads.sqlite.execute(f"PRAGMA {pragma}")
    connection: sqlite3.Connection = threads.sqlite
    return connection


class Transaction:
    """BEGIN IMMEDIATE … COMMIT around plain statements on SQLite, each with values by name."""

    def __enter__(self) -> "Transaction":
        self._connection = sqlite()
        self._connection.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._connection.execute("ROLLBACK" if kind else "COMMIT")

    def row(self, statement: str, values: Mapping[str, Any]) -> Any:
        """Run one statement and return its first row."""
        with closing(self._connection.execute(statement, values)) as cursor:
            return cursor.fetchone()

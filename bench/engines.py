"""The databases that are measured: a real PostgreSQL server on the disk, and SQLite; both fresh and migrated."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.databases import PostgresDatabases, SqliteDatabases, running_postgres


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    with running_postgres(in_memory=False) as server_url:
        yield PostgresDatabases(server_url, folder).create()


@contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    yield SqliteDatabases(folder).create()


# By name: what yields the URL of a database for the time of a block. The folder is for what belongs to it.
ENGINES: dict[str, Callable[[Path], AbstractContextManager[str]]] = {"postgresql": _postgresql, "sqlite": _sqlite}


def is_sqlite(database_url: str) -> bool:
    """Whether the URL is of a SQLite database, else of PostgreSQL."""
    return database_url.startswith("sqlite")


def say(what: str) -> None:
    """Print a step as it begins."""
    print(f"  {what}", flush=True)

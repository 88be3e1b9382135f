"""What all measurements share: their databases, their options, and where their page goes.

The databases are a real PostgreSQL server on the disk, and SQLite; both fresh and migrated.
"""

from argparse import ArgumentParser, Namespace
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


def add_options(parser: ArgumentParser, results_path: Path) -> None:
    """Add --quick, --engine and --output; see write_page()."""
    parser.add_argument("--quick", action="store_true", help="a few seconds; writes no file")
    parser.add_argument("--engine", action="append", choices=list(ENGINES), help="only this one; writes no file")
    parser.add_argument("--output", type=Path, help=f"where to write the page (default: bench/{results_path.name})")


def write_page(page: str, options: Namespace, results_path: Path) -> str:
    """Write the page where the options say, nowhere if only a part was measured; return a sentence that says where."""
    output = options.output or (None if options.quick or options.engine else results_path)
    if output:
        output.write_text(page)
    return f"Written to {output}." if output else ""

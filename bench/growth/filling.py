"""Filling the ledger, by the database itself, with entries that keep every law.

Every tenth entry is of user 1, the heavy account, until it has a million; in the first half of a step another tenth is
of user 2, who is idle since then; the others go round the other users. An account's entries of a step are a grant of
500 credits, for a purchase, then 99 captures of one credit, each of a hold of its own as the API makes them, and so on.
A step's moments are spread evenly over the year that ends now.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
import psycopg
from sqlalchemy.engine import make_url

from bench.engines import is_sqlite
from bench.rows import CREDITS, insert_purchases, insert_users, number_rows
from payapp.ledger.guards import SQLITE_GUARDS

HEAVY_USER, IDLE_USER, FIRST_OTHER_USER = 1, 2, 3
HEAVY_SHARE, HEAVY_ENTRIES_MAX = 10, 1_000_000
ENTRIES_A_GRANT = 100
SECONDS = 365 * 24 * 3600
CHUNK = 100_000
TABLES = ("holds", "purchases", "ledger_entries")

# These two compare a row with what its account has at that moment, so they let an account have one new row a
# statement; here it gets thousands. `flask ledger verify` asks for the same laws afterwards. All others stay on.
GUARDS_AWAY = {"ledger_entries_agree": "ledger_entries", "holds_spend_what_is_available": "holds"}
SQLITE_PRAGMAS = ("synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY")

IS_GRANT = f"(r - 1) % {ENTRIES_A_GRANT} = 0"


def fill(database_url: str, users: int, entries: int) -> None:
    """Let the ledger grow to so many entries; of users, so many are made when there are none."""
    with _connect(database_url) as connection:
        if not _newest(connection, "users"):
            _fill_users(connection, users, has_sequences=not is_sqlite(database_url))
            if not is_sqlite(database_url):
                connection.execute("ANALYZE users")  # else every foreign key that is checked would scan it
        missing = entries - _count(connection)
        if missing > 0:
            step = Step.plan(connection, missing, users, is_sqlite(database_url))
            with _without_guards(connection, step.is_sqlite):
                step.run(connection)
        if is_sqlite(database_url):
            connection.execute("ANALYZE")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")


@dataclass(frozen=True)
class Step:
    """Entries 1 to `length` of one step; `newest` are the tables' newest ids before it."""

    length: int
    others: int
    heavy_every: int
    newest: dict[str, int]
    is_sqlite: bool

    @classmethod
    def plan(cls, connection: Any, length: int, users: int, is_for_sqlite: bool) -> "Step":
        newest = {table: _newest(connection, table) for table in TABLES}
        every = max(HEAVY_SHARE, (newest["ledger_entries"] + length) // HEAVY_ENTRIES_MAX)
        return cls(length, users + 1 - FIRST_OTHER_USER, every, newest, is_for_sqlite)

    def run(self, connection: Any) -> None:
        """Insert chunk by chunk, each in one transaction; the accounts' credits change last."""
        with click.progressbar(length=self.length, label="Filling", file=sys.stderr, hidden=not _is_watched()) as bar:
            for first in range(1, self.length + 1, CHUNK):
                last = min(first + CHUNK - 1, self.length)
                _do(connection, *self._insert(self._rows(first, last)))
                bar.update(last - first + 1)
        _do(connection, self._credit_accounts(), *([] if self.is_sqlite else map(_restart_sequence, TABLES)))

    @property
    def idle_since(self) -> int:
        """The number of the last entry that may be the idle account's."""
        return self.length // 2

    def _rows(self, first: int, last: int) -> str:
        """Return SQL for the rows: `n`, the account, and that it is the account's `r`-th entry of this step."""
        every, middle, since = self.heavy_every, self.heavy_every // 2, self.idle_since
        series = number_rows(first, last) if self.is_sqlite else f"generate_series({first}, {last}) AS numbers(n)"
        heavy = f"n / {every}"  # how many up to `n`
        idle = f"(CASE WHEN n < {since} THEN n ELSE {since} END + {every - middle}) / {every}"
        place = f"(n - {heavy} - {idle} - 1)"
        return (
            f"(SELECT n, CASE WHEN n % {every} = 0 THEN {HEAVY_USER}"
            f" WHEN n % {every} = {middle} AND n <= {since} THEN {IDLE_USER}"
            f" ELSE {FIRST_OTHER_USER} + {place} % {self.others} END AS account,"
            f" CASE WHEN n % {every} = 0 THEN {heavy} WHEN n % {every} = {middle} AND n <= {since} THEN {idle}"
            f" ELSE {place} / {self.others} + 1 END AS r FROM {series}) AS made"
        )

    def _insert(self, rows: str) -> list[str]:
        hold, purchase, entry = (f"{self.newest[table]} + n" for table in TABLES)
        moment = self._moment()
        grants = f"((r - 1) / {ENTRIES_A_GRANT} + 1)"
        return [
            insert_purchases(f"{rows} WHERE {IS_GRANT}", purchase, "account", moment),
            "INSERT INTO holds (id, user_id, amount, captured_amount, status, feature, maker, idempotency_key,"
            " expires_at, created_at, ended_at)"
            f" SELECT {hold}, account, 1, 1, 'captured', 'growth', 'user', 'api:' || account || ':growth-' || ({hold}),"
            f" {moment}, {moment}, {moment} FROM {rows} WHERE NOT ({IS_GRANT})",
            "INSERT INTO ledger_entries (id, user_id, amount, balance_after, entry_type, category, idempotency_key,"
            " note, created_at)"
            f" SELECT {entry}, account, CASE WHEN {IS_GRANT} THEN {CREDITS} ELSE -1 END,"
            f" users.credits + {CREDITS} * {grants} - (r - {grants}),"
            f" CASE WHEN {IS_GRANT} THEN 'grant' ELSE 'capture' END, CASE WHEN {IS_GRANT} THEN 'paid' END,"
            f" CASE WHEN {IS_GRANT} THEN 'purchase:' || ({purchase}) ELSE 'capture:' || ({hold}) END,"
            f" CASE WHEN NOT ({IS_GRANT}) THEN 'growth' END, {moment}"
            # CROSS JOIN, because SQLite would begin with the users, and make the rows for each of them.
            f" FROM {rows} CROSS JOIN users WHERE users.id = account ORDER BY n",
        ]

    def _moment(self) -> str:
        seconds = f"{SECONDS} - CAST({SECONDS}.0 * n / {self.length} AS integer)"
        if self.is_sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || ({seconds}) || ' seconds')"
        return f"now() - make_interval(secs => {seconds})"

    def _credit_accounts(self) -> str:
        """Return the UPDATE that gives every account what its entries of this step sum up to."""
        heavy = self.length // self.heavy_every
        idle = (self.idle_since + self.heavy_every - self.heavy_every // 2) // self.heavy_every
        rounds, rest = divmod(self.length - heavy - idle, self.others)
        made = (
            f"CASE WHEN id = {HEAVY_USER} THEN {heavy} WHEN id = {IDLE_USER} THEN {idle}"
            f" WHEN id - {FIRST_OTHER_USER} < {rest} THEN {rounds + 1} ELSE {rounds} END"
        )
        grants = f"(({made} + {ENTRIES_A_GRANT - 1}) / {ENTRIES_A_GRANT})"
        return f"UPDATE users SET credits = credits + {CREDITS} * {grants} - ({made} - {grants})"


def _fill_users(connection: Any, users: int, *, has_sequences: bool) -> None:
    _do(connection, insert_users(number_rows(1, users)), *([_restart_sequence("users")] if has_sequences else []))


def _restart_sequence(table: str) -> str:
    return f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"


@contextmanager
def _without_guards(connection: Any, is_for_sqlite: bool) -> Iterator[None]:
    switch = [f"ALTER TABLE {table} {{}} TRIGGER {name}" for name, table in GUARDS_AWAY.items()]
    away = (
        [f"DROP TRIGGER {name}" for name in GUARDS_AWAY] if is_for_sqlite else [one.format("DISABLE") for one in switch]
    )
    back = [SQLITE_GUARDS[name] for name in GUARDS_AWAY] if is_for_sqlite else [one.format("ENABLE") for one in switch]
    _do(connection, *away)
    yield
    _do(connection, *back)


def _do(connection: Any, *statements: str) -> None:
    """Execute them in one transaction."""
    for statement in ("BEGIN", *statements, "COMMIT"):
        connection.execute(statement)


@contextmanager
def _connect(database_url: str) -> Iterator[Any]:
    """Yield a connection of the driver, in autocommit, that does not wait for the disk at each commit."""
    if is_sqlite(database_url):
        connection = sqlite3.connect(str(make_url(database_url).database), isolation_level=None)
        for pragma in SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        yield connection
        connection.close()
    else:
        with psycopg.connect(database_url, autocommit=True) as server:
            server.execute("SET synchronous_commit = off")
            yield server


def _newest(connection: Any, table: str) -> int:
    return int(connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])


def _count(connection: Any) -> int:
    return int(connection.execute("SELECT count(*) FROM ledger_entries").fetchone()[0])


def _is_watched() -> bool:
    """Whether somebody looks: a bar in a log file is of no use."""
    return sys.stderr.isatty()

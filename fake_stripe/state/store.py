"""The stand-in's state in SQLite. What was acknowledged is kept, also when the process is killed."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fake_stripe.errors import JsonObject

_SCHEMA = Path(__file__).with_name("schema.sql")


@dataclass(frozen=True)
class StoredObject:
    """One object with what Stripe shows of it (`body`) and what it keeps to itself (`private`)."""

    body: JsonObject
    private: JsonObject
    is_deleted: bool


class Store:
    """One connection behind one lock: SQLite has a single writer anyway, and this keeps each request whole."""

    def __init__(self, path: str | None) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL survives a killed process, not a power cut; a stand-in needs no more.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA.read_text())
        self.on_commit: Callable[[], None] = lambda: None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside happen or not happen; other threads wait. Not to be nested."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        self.on_commit()

    def close(self) -> None:
        """Close the file; SQLite folds its write-ahead log back into it."""
        with self._lock:
            self._connection.close()

    def execute(self, sql: str, arguments: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement, inside the caller's transaction if there is one."""
        with self._lock:
            return self._connection.execute(sql, arguments)

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run one query and fetch everything."""
        with self._lock:
            return self._connection.execute(sql, arguments).fetchall()

    def read_fact(self, name: str) -> str | None:
        """Return what the stand-in noted about itself under this name."""
        rows = self.rows("SELECT value FROM facts WHERE name = ?", (name,))
        return str(rows[0]["value"]) if rows else None

    def write_fact(self, name: str, value: str) -> None:
        """Note something about the stand-in itself; it outlives the process when there is a state file."""
        self.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))

    def insert(self, body: JsonObject, private: JsonObject) -> None:
        """Keep a new object. Raises sqlite3.IntegrityError when its id is taken.

        An event's text is what its webhooks will say, so it is kept as Stripe renders it; the rest is kept short.
        """
        text = to_json(body) if body["object"] == "event" else _to_compact_json(body)
        self.execute(
            "INSERT INTO objects (id, kind, created, body, private) VALUES (?, ?, ?, ?, ?)",
            (body["id"], body["object"], body["created"], text, _to_compact_json(private)),
        )

    def replace(self, body: JsonObject, private: JsonObject, *, is_deleted: bool = False) -> None:
        """Keep an object's new state; `is_deleted` takes it out of every list."""
        self.execute(
            "UPDATE objects SET body = ?, private = ?, is_deleted = ? WHERE id = ?",
            (_to_compact_json(body), _to_compact_json(private), is_deleted, body["id"]),
        )

    def find(self, object_id: str, kind: str | None = None) -> StoredObject | None:
        """Return an object by its id, deleted ones too; None when there is none of that kind."""
        rows = self.rows(
            "SELECT body, private, is_deleted FROM objects WHERE id = ? AND (? IS NULL OR kind = ?)",
            (object_id, kind, kind),
        )
        return _to_stored(rows[0]) if rows else None


def to_json(value: Any) -> str:
    """Return JSON as Stripe sends it: indented by two, letters as they are."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _to_compact_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _to_stored(row: sqlite3.Row) -> StoredObject:
    return StoredObject(json.loads(row["body"]), json.loads(row["private"]), bool(row["is_deleted"]))

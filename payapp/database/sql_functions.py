"""SQL functions that the two engines spell differently."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from payapp.database.base import UtcDateTime


class database_now(FunctionElement[datetime]):
    """SQL for the database's own present moment, moved forward by `seconds` (may be negative)."""

    type = UtcDateTime()
    inherit_cache = True
    name = "database_now"

    def __init__(self, seconds: float | ColumnElement[float] = 0) -> None:
        super().__init__(literal(float(seconds)) if isinstance(seconds, int | float) else seconds)


@compiles(database_now, "postgresql")
def _postgresql_now(element: database_now, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"


@compiles(database_now, "sqlite")
def _sqlite_now(element: database_now, compiler: SQLCompiler, **kw: Any) -> str:
    # The same text SQLAlchemy stores for a datetime, so that comparing texts compares moments.
    seconds = f"printf('%+.3f seconds', {compiler.process(element.clauses, **kw)})"
    return f"(strftime('%Y-%m-%d %H:%M:%f000', 'now', {seconds}))"


class utc_date(FunctionElement[date]):
    """SQL for the UTC calendar day of a moment."""

    type = Date()
    inherit_cache = True
    name = "utc_date"


@compiles(utc_date, "postgresql")
def _postgresql_date(element: utc_date, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(({compiler.process(element.clauses, **kw)}) AT TIME ZONE 'UTC' AS date)"


@compiles(utc_date, "sqlite")
def _sqlite_date(element: utc_date, compiler: SQLCompiler, **kw: Any) -> str:
    return f"date({compiler.process(element.clauses, **kw)})"


class transaction_lock(FunctionElement[str]):
    """SQL that waits for, and holds until the transaction ends, the lock named by a text; none for NULL.

    It does not need a row that exists. SQLite has no use for it: a writing transaction is alone from its start.
    """

    type = String()
    inherit_cache = True
    name = "transaction_lock"


@compiles(transaction_lock, "postgresql")
def _postgresql_lock(element: transaction_lock, compiler: SQLCompiler, **kw: Any) -> str:
    return f"pg_advisory_xact_lock(hashtextextended({compiler.process(element.clauses, **kw)}, 0))"


@compiles(transaction_lock, "sqlite")
def _sqlite_lock(element: transaction_lock, compiler: SQLCompiler, **kw: Any) -> str:
    return f"nullif({compiler.process(element.clauses, **kw)}, NULL)"

"""One PostgreSQL statement that is a whole transaction: one round trip, and locks that last no longer than it.

Such a statement does all of an operation in the ordinary case, or nothing at all. What to do then is known to the long
way: the same operation in plain statements, one after the other, which is also SQLite's, where nothing travels.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Dialect, Engine, Select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session


def can_attempt(engine: Engine) -> bool:
    """Whether the engine is PostgreSQL."""
    return engine.dialect.name == "postgresql"


def attempt(engine: Engine, statement: str, values: Mapping[str, Any]) -> Any | None:
    """Run the statement, in psycopg's own notation, and return its row; None when it has done nothing, and on SQLite.

    Also None where the database's own guards stopped it: then somebody else came between what it had seen and what it
    was about to write, and nothing of it stands. Raises sqlalchemy's OperationalError. The connection is the pool's,
    but SQLAlchemy's own part is left out: it takes longer than the rest of the way to the database and back.
    """
    if not can_attempt(engine):
        return None
    psycopg: Any = engine.dialect.dbapi  # not imported: it takes a while, and SQLite has no use for it
    try:
        borrowed = engine.raw_connection()
    except psycopg.Error as error:
        raise _as_sqlalchemys(statement, error) from error
    try:
        return _run(psycopg, borrowed.driver_connection, statement, values)
    except psycopg.IntegrityError:
        return None
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if borrowed.driver_connection is not None and borrowed.driver_connection.closed:
            borrowed.invalidate(error)
        raise _as_sqlalchemys(statement, error) from error
    finally:
        borrowed.close()


def read_row(session: Session, statement: Select[Any], values: Mapping[str, Any]) -> Any | None:
    """Return the one row that the statement finds, None if there is none.

    Where the session's transaction has begun it is read there. Else on PostgreSQL the statement goes alone, which is
    one round trip where a transaction has three, and the session has none open afterwards.
    """
    engine = session.get_bind()
    if session.in_transaction() or not isinstance(engine, Engine) or not can_attempt(engine):
        return session.execute(statement, values).one_or_none()
    return read_alone(engine, statement, values)


def read_alone(engine: Engine, statement: Select[Any], values: Mapping[str, Any]) -> Any | None:
    """Return the one row that the statement finds by itself, with no session; None if there is none, and on SQLite."""
    text, constants = _write_for_psycopg(statement, engine.dialect)
    return attempt(engine, text, {**constants, **values})


@cache
def _write_for_psycopg(statement: Select[Any], dialect: Dialect) -> tuple[str, Mapping[str, Any]]:
    """Return the statement as text, and the values that stand in it already. Statements are built once, so few."""
    compiled = statement.compile(dialect=dialect)
    return str(compiled), compiled.params


def _run(psycopg: Any, connection: Any, statement: str, values: Mapping[str, Any]) -> Any | None:
    connection.autocommit = True
    try:
        return connection.cursor(row_factory=psycopg.rows.namedtuple_row).execute(statement, values).fetchone()
    finally:
        if not connection.closed:
            connection.autocommit = False


def _as_sqlalchemys(statement: str, error: Exception) -> OperationalError:
    """Return the error as everybody else here knows it. The values are no matter for a log."""
    return OperationalError(statement, None, error, hide_parameters=True)

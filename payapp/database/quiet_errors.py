"""What PostgreSQL says of a refused statement is logged, so it must not tell what stood in the row.

It does by itself: under DETAIL the whole row ("Failing row contains (7, ada@example.com, $argon2id$…"), and the value
that is no number. SQLAlchemy's `hide_parameters` hides only what it has sent itself.
"""

import re
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

DATA_EXCEPTION = "22"  # class of SQLSTATE. https://www.postgresql.org/docs/current/errcodes-appendix.html
QUOTED = re.compile(r'".*"', re.DOTALL)


def keep_errors_quiet(engine: Engine) -> None:
    """Have every error of this engine tell what is wrong, and no values."""
    event.listen(engine, "handle_error", _forget_values)


def _forget_values(context: ExceptionContext) -> None:
    error: Any = context.original_exception
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate is None:  # not the server's words: a connection that has gone
        return
    words = quieten(str(error), sqlstate)
    error.args = (words,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(error).__module__}.{type(error).__name__}) {words}",)


def quieten(words: str, sqlstate: str) -> str:
    """Return the first line; of an error about a value, without the value, which may have lines of its own."""
    if sqlstate.startswith(DATA_EXCEPTION):
        words = QUOTED.sub('"…"', words)
    return words.partition("\n")[0]

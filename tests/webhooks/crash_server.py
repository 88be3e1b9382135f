"""The real application in a server whose requests can be killed at any step. Started by test_crashes.py.

Every request is served by a process of its own, a fork of this one. One that carries `X-Die-At: N` ends itself with
SIGKILL at its Nth step. The steps are seen from outside, through SQLAlchemy's own events and a WSGI wrapper: after
each statement, before and after each commit and rollback, and when the answer is ready but not sent. Before the next
statement everything is as it was after the last: only `make test-long` dies there, too. A statement that is a whole
transaction passes SQLAlchemy by: before and after it is a step. The application knows nothing of it.
"""

import gc
import os
import signal
import sys
from collections.abc import Iterable
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from payapp import create_app
from tests.effort import pick

PROCESSES_MAX = 8
ENGINE_STEPS = (*pick((), ("begin", "before_cursor_execute")), "after_cursor_execute", "commit", "rollback")
SESSION_STEPS = ("after_commit", "after_rollback")


class Fuse:
    """Counts the steps of this process's one request, and kills the process at the appointed one."""

    steps_left = 0  # none appointed

    def burn(self, *_: Any) -> None:
        self.steps_left -= 1
        if self.steps_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


fuse = Fuse()
execute = psycopg.Cursor.execute


def with_fuse(application: Any) -> Any:
    """Return the WSGI application, killed where its request says."""

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        fuse.steps_left = int(environ.get("HTTP_X_DIE_AT", 0))
        body = b"".join(application(environ, start_response))
        fuse.burn()
        return [body]

    return serve


def execute_between_steps(cursor: Any, *arguments: Any, **options: Any) -> Any:
    """psycopg's own execute(), between two steps where no transaction is open around it."""
    if not cursor.connection.autocommit:
        return execute(cursor, *arguments, **options)
    fuse.burn()
    executed = execute(cursor, *arguments, **options)
    fuse.burn()
    return executed


def main(port: int) -> None:
    """Serve until killed. Settings come from the environment, as for gunicorn."""
    for name in ENGINE_STEPS:
        event.listen(Engine, name, _keyword_free(name))
    for name in SESSION_STEPS:
        event.listen(Session, name, fuse.burn)
    psycopg.Cursor.execute = execute_between_steps  # type: ignore[assignment]
    server = make_server("127.0.0.1", port, with_fuse(create_app()), processes=PROCESSES_MAX)
    gc.freeze()  # the forks share everything there is, and need not look through it
    server.serve_forever()


def _keyword_free(name: str) -> Any:
    """SQLAlchemy looks at a listener's arguments: for statements it passes six by position, else the connection."""
    if name.endswith("cursor_execute"):
        return lambda connection, cursor, statement, parameters, context, executemany: fuse.burn()
    return lambda connection: fuse.burn()


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""At most eight requests are worked on at once in a process, however many threads it has; the others wait outside.

Who has to wait for something that needs neither database nor page lends the seat meanwhile, and another is served.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Semaphore
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

# More would serve nobody sooner: they want the same core, the same connections, and SQLite's one lock.
SEATS = 8

_taken: ContextVar[Semaphore | None] = ContextVar("taken_seat", default=None)


class Seats:
    """WSGI middleware: a request takes one of so many seats while it is worked on."""

    def __init__(self, app: WSGIApplication, seats: int = SEATS) -> None:
        self._app = app
        self._free = Semaphore(seats)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._free:
            token = _taken.set(self._free)
            try:
                return self._app(environ, start_response)
            finally:
                _taken.reset(token)


def init_app(app: Flask) -> None:
    """Let every request of `app` take a seat."""
    app.wsgi_app = Seats(app.wsgi_app)  # type: ignore[method-assign]


@contextmanager
def lending_seat() -> Iterator[None]:
    """Give the request's seat away for the time of the block, then wait for one again. Outside a request: nothing.

    Hold nothing that others wait for, neither at the beginning of the block nor at its end: no transaction, no lock.
    """
    seat = _taken.get()
    if seat is None:
        yield
        return
    seat.release()
    try:
        yield
    finally:
        seat.acquire()

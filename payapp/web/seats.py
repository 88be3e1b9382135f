"""At most eight requests are worked on at once in a process, however many threads it has; the others wait outside.

Who has to wait for something that needs neither database nor page lends the seat meanwhile, and another is served. A
body is read before the seat is taken: somebody whose line is slow keeps nobody else waiting.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import BytesIO
from threading import Semaphore
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

# More would serve nobody sooner: they want the same core, the same connections, and SQLite's one lock.
SEATS = 8
LENGTH_DIGITS_MAX = 20  # Python raises an error of its own at some thousands

_taken: ContextVar[Semaphore | None] = ContextVar("taken_seat", default=None)


class Seats:
    """WSGI middleware: a request takes one of so many seats while it is worked on."""

    def __init__(self, app: WSGIApplication, body_bytes_max: int, seats: int = SEATS) -> None:
        """A body of more than `body_bytes_max` is left to the application, which refuses it unread."""
        self._app = app
        self._body_bytes_max = body_bytes_max
        self._free = Semaphore(seats)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._fetch_body(environ)
        with self._free:
            token = _taken.set(self._free)
            try:
                return self._app(environ, start_response)
            finally:
                _taken.reset(token)

    def _fetch_body(self, environ: WSGIEnvironment) -> None:
        """Read a body whose length is told; one that ends too early is as short as it came."""
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and len(length) <= LENGTH_DIGITS_MAX and 0 < int(length) <= self._body_bytes_max:
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(length)))


def init_app(app: Flask) -> None:
    """Let every request of `app` take a seat."""
    app.wsgi_app = Seats(app.wsgi_app, app.config["MAX_CONTENT_LENGTH"])  # type: ignore[method-assign]


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

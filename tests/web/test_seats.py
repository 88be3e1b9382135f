"""So many requests are worked on at once; who waits for something slow lends the seat meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Barrier, BrokenBarrierError, Event
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from payapp.web.seats import Seats, lending_seat

BODY_BYTES_MAX = 10


def ask(seats: Seats, path: str = "/") -> list[bytes]:
    return list(seats({"PATH_INFO": path}, lambda *_: lambda _: None))


def test_no_more_are_worked_on_at_once_than_there_are_seats() -> None:
    three_at_once = Barrier(3)

    def work(_environ: WSGIEnvironment, _start: StartResponse) -> list[bytes]:
        try:
            three_at_once.wait(timeout=0.2)
        except BrokenBarrierError:
            return [b"at most two"]
        return [b"three"]

    seats = Seats(work, BODY_BYTES_MAX, seats=2)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, [seats] * 6))
    assert answers == [[b"at most two"]] * 6


def test_who_lends_the_seat_lets_others_be_served() -> None:
    served = Event()

    def work(environ: WSGIEnvironment, _start: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            with lending_seat():
                return [b"%d" % served.wait(20)]
        served.set()
        return [b"quick"]

    seats = Seats(work, BODY_BYTES_MAX, seats=1)
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(ask, seats, "/slow")
        assert threads.submit(ask, seats).result(20) == [b"quick"]
        assert slow.result(20) == [b"1"]


def test_the_seat_is_taken_again_after_lending_it() -> None:
    is_back, may_end = Event(), Event()

    def work(environ: WSGIEnvironment, _start: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            with lending_seat():
                pass
            is_back.set()
            return [b"%d" % may_end.wait(20)]
        return [b"%d" % may_end.is_set()]

    seats = Seats(work, BODY_BYTES_MAX, seats=1)
    with ThreadPoolExecutor(2) as threads:
        slow = threads.submit(ask, seats, "/slow")
        assert is_back.wait(20)
        other = threads.submit(ask, seats)
        may_end.set()
        assert (slow.result(20), other.result(20)) == ([b"1"], [b"1"])


def test_a_crash_leaves_no_seat_taken() -> None:
    def work(environ: WSGIEnvironment, _start: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"] == "/crash":
            with lending_seat():
                raise KeyError
        return [b"quick"]

    seats = Seats(work, BODY_BYTES_MAX, seats=1)
    for _ in range(3):
        with pytest.raises(KeyError):
            ask(seats, "/crash")
        assert ask(seats) == [b"quick"]


def test_outside_a_request_there_is_nothing_to_lend() -> None:
    with lending_seat():
        pass


class SlowLine:
    """A body that comes only when it may."""

    def __init__(self) -> None:
        self.is_asked, self.may_come = Event(), Event()

    def read(self, length: int) -> bytes:
        self.is_asked.set()
        return b"%d" % self.may_come.wait(20)


def read_body(environ: WSGIEnvironment, _start: StartResponse) -> list[bytes]:
    return [environ["wsgi.input"].read()] if "wsgi.input" in environ else [b"quick"]


def test_a_body_that_comes_slowly_takes_no_seat() -> None:
    seats, line = Seats(read_body, BODY_BYTES_MAX, seats=1), SlowLine()
    slow: WSGIEnvironment = {"CONTENT_LENGTH": "1", "wsgi.input": line}
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(seats, slow, lambda *_: lambda _: None)
        assert line.is_asked.wait(20)
        assert ask(seats) == [b"quick"]
        line.may_come.set()
        assert answer.result(20) == [b"1"]


@pytest.mark.parametrize(
    ("length", "left"),
    [
        ("", b"body"),
        ("0", b"body"),
        ("4", b""),
        ("11", b"body"),
        ("-1", b"body"),
        ("x", b"body"),
        ("9" * 5000, b"body"),
    ],
)
def test_only_a_body_that_may_be_so_long_is_read(length: str, left: bytes) -> None:
    line = BytesIO(b"body")
    seats = Seats(lambda *_: [], BODY_BYTES_MAX, seats=1)
    seats({"CONTENT_LENGTH": length, "wsgi.input": line}, lambda *_: lambda _: None)
    assert line.read() == left

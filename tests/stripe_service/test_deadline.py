"""call_within(): no longer than one can afford."""

import threading
import time

import pytest

from payapp.stripe_service.deadline import call_within


def test_it_returns_what_the_call_returns() -> None:
    assert call_within(5, lambda: "answer") == "answer"


def test_it_raises_what_the_call_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        call_within(5, lambda: 1 // 0)


def test_it_gives_up_in_time_and_lets_the_call_go_on() -> None:
    finished, release = threading.Event(), threading.Event()

    def work() -> None:
        release.wait(10)
        finished.set()

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        call_within(0.1, work)
    assert time.monotonic() - began < 2
    release.set()
    assert finished.wait(5)


def test_it_does_not_keep_the_process_from_ending() -> None:
    threads: list[bool] = []
    call_within(5, lambda: threads.append(threading.current_thread().daemon))
    assert threads == [True]

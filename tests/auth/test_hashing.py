"""However many log in at once: one hash at a time, everybody else is served, and who waits is let in."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Event, get_native_id

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.auth import accounts, hashing
from payapp.auth.accounts import create_user
from payapp.auth.hashing import hash_in_turn
from payapp.auth.models import RateCounter, User
from payapp.web.seats import SEATS
from tests.people import PASSWORD, Visitor

CROWD = SEATS + 1  # one more than may work at once


class SlowHasher(PasswordHasher):
    """Takes as long as the test says, and counts how many it is asked for at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.may_go_on = Event()
        self.at_work = 0
        self.at_work_max = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        self.at_work += 1
        self.at_work_max = max(self.at_work, self.at_work_max)
        assert self.may_go_on.wait(20)
        found = super().verify(hash, password)
        self.at_work -= 1
        return found


def wait_for_crowd(room: BoundedSemaphore, free: int) -> None:
    deadline = time.monotonic() + 20
    while room._value != free:
        assert time.monotonic() < deadline, f"{room._value} places are free"
        time.sleep(0.01)


def test_everybody_else_is_served_while_many_log_in(
    app: Flask, session: Session, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(CROWD):
        create_user(session, f"u{number}@example.com", PASSWORD)
    session.commit()
    hasher, room = SlowHasher(), BoundedSemaphore(CROWD)
    monkeypatch.setattr(accounts, "hasher", hasher)
    monkeypatch.setattr(hashing, "_room", room)
    visitors = [Visitor(app.test_client()) for _ in range(CROWD)]
    tokens = [visitor.csrf_token() for visitor in visitors]

    def log_in(number: int) -> int:
        form = {"email": f"u{number}@example.com", "password": PASSWORD, "csrf_token": tokens[number]}
        return visitors[number].client.post("/login", data=form).status_code

    with ThreadPoolExecutor(CROWD + 1) as threads:
        crowd = [threads.submit(log_in, number) for number in range(CROWD)]
        try:
            wait_for_crowd(room, free=0)
            assert threads.submit(client.get, "/healthz").result(20).status_code == 200
            assert threads.submit(client.get, "/login").result(20).status_code == 200
            assert not any(one.done() for one in crowd)
        finally:
            hasher.may_go_on.set()
        assert [one.result(20) for one in crowd] == [303] * CROWD
    assert hasher.at_work_max == 1
    assert room._value == CROWD


@pytest.mark.parametrize("path", ["/login", "/signup"])
def test_one_too_many_is_told_to_try_again_and_nothing_is_counted(
    visitor: Visitor, session: Session, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    room = BoundedSemaphore(1)
    monkeypatch.setattr(hashing, "_room", room)
    with room:
        response = visitor.submit(path, email="ada@example.com", password=PASSWORD)
    assert (response.status_code, response.headers["Retry-After"]) == (503, str(hashing.TRY_AGAIN_SECONDS))
    assert "Please try again in a few seconds." in response.text
    assert 'value="ada@example.com"' in response.text
    assert PASSWORD not in response.text
    assert session.scalar(select(func.count()).select_from(RateCounter)) == 0
    assert session.scalar(select(func.count()).select_from(User)) == 0
    assert visitor.sign_up().status_code == 303


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread is as nice as its process")
def test_pages_have_the_processor_first() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert hash_in_turn(lambda: os.getpriority(os.PRIO_PROCESS, get_native_id())) > before
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_wrong_passwords_leave_no_place_taken(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_room", BoundedSemaphore(1))
    for _ in range(3):
        assert visitor.log_in(password="wrong password").status_code == 422

"""How gunicorn serves payapp: gunicorn.conf.py, as gunicorn reads it."""

import runpy
from typing import Any

import pytest

from payapp.auth import hashing
from payapp.stripe_service import connection
from payapp.web.seats import SEATS
from tests.processes import PROJECT_ROOT

BALANCERS_KEEP_SECONDS = 60  # AWS's and nginx's default


def read_configuration() -> dict[str, Any]:
    return runpy.run_path(str(PROJECT_ROOT / "gunicorn.conf.py"))


def test_an_idle_connection_outlives_the_balancers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEEP_ALIVE_SECONDS", raising=False)
    assert read_configuration()["keepalive"] > BALANCERS_KEEP_SECONDS
    monkeypatch.setenv("KEEP_ALIVE_SECONDS", "360")
    assert read_configuration()["keepalive"] == 360


def test_who_waits_takes_no_thread_that_others_need() -> None:
    waiting = hashing.WAITING_MAX + connection.WAITING_MAX
    assert read_configuration()["threads"] >= waiting + 2 * SEATS


def test_there_is_a_process_for_each_core_unless_the_operator_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert read_configuration()["workers"] == 6
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    assert read_configuration()["workers"] == 3

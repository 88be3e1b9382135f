"""Calling the worker from a page: it hears of it, or the page goes on and the log says so."""

import logging
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest

from payapp.config import Settings, load_settings
from payapp.jobs.queue import call_worker, make_huey
from tests.processes import free_port


@pytest.fixture
def of_app(settings: dict[str, str]) -> Settings:
    return load_settings(settings)


def test_it_works(of_app: Settings) -> None:
    with closing(make_huey(of_app).storage) as storage:
        call_worker(of_app, "make_qr_batches")
        assert storage.queue_size() == 1


def test_the_job_of_that_name_is_done(of_app: Settings) -> None:
    huey, done = make_huey(of_app), list[str]()

    def make_qr_batches() -> None:
        done.append("made")

    make_qr_batches.__module__ = "payapp.jobs.tasks"
    huey.task()(make_qr_batches)
    call_worker(of_app, "make_qr_batches")
    huey.execute(huey.dequeue())
    assert done == ["made"]
    huey.storage.close()


def test_before_the_worker_has_made_its_queue_nobody_hears(of_app: Settings, caplog: pytest.LogCaptureFixture) -> None:
    call_worker(of_app, "make_qr_batches")
    assert "the worker was not called and comes by itself for make_qr_batches" in caplog.text


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_queue_that_is_busy_is_not_waited_for_long(of_app: Settings, caplog: pytest.LogCaptureFixture) -> None:
    huey = make_huey(of_app)
    with closing(sqlite3.connect(of_app.instance_path / "jobs.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        call_worker(of_app, "make_qr_batches")
        assert time.monotonic() - began < 5
    assert "database is locked" in caplog.text
    assert huey.storage.queue_size() == 0
    huey.storage.close()


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_server_that_is_away_is_not_waited_for(of_app: Settings, caplog: pytest.LogCaptureFixture) -> None:
    away = f"postgresql+psycopg://payapp:secret-word@127.0.0.1:{free_port()}/payapp"
    with caplog.at_level(logging.WARNING):
        call_worker(replace(of_app, database_url=away), "make_qr_batches")
    assert "the worker was not called" in caplog.text
    assert "secret-word" not in caplog.text

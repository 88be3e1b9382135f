"""Worker, web and release command as real processes, while PostgreSQL is not there yet, goes away, and comes back."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy.engine import make_url

from tests.chaos.servers import Postgres
from tests.databases import PostgresDatabases, running_postgres
from tests.processes import Stack, wait_for

PASSWORD = "never-to-be-told"
SECONDS_MAX = 40
WAITING = "waiting for the database"


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    """A server of its own: this test stops it."""
    with running_postgres() as server_url:
        yield Postgres(server_url)


@pytest.fixture
def stack(postgres: Postgres, tmp_path: Path) -> Iterator[Stack]:
    """Nothing of it is started yet."""
    url = make_url(PostgresDatabases(postgres.address, tmp_path).create()).set(password=PASSWORD)
    stack = Stack(url.render_as_string(hide_password=False), tmp_path, is_loaded_once=False)
    yield stack
    stack.stop()


def wait_until(is_true: Callable[[], bool], stack: Stack) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not is_true():
        assert time.monotonic() < deadline, stack.log_of("worker")
        time.sleep(0.1)


def run_a_job(stack: Stack) -> None:
    """Order a job from another process; return when the worker has done one more."""
    done = stack.log_of("worker").count("executed in")
    stack.run("tests.order_jobs", "expire_overdue_holds")
    wait_until(lambda: stack.log_of("worker").count("executed in") > done, stack)


@pytest.mark.slow
def test_they_wait_for_the_database_and_go_on(stack: Stack, postgres: Postgres) -> None:
    stack.start_stripe()  # else the worker's other jobs wait for it
    postgres.stop()
    stack.start_release()
    stack.start_worker()
    stack.start_web(until="/healthz")
    for _ in range(2):
        assert requests.get(f"{stack.url}/readyz", timeout=10).status_code == 503
    for name in ("release", "worker"):
        wait_until(lambda name=name: WAITING in stack.log_of(name), stack)  # type: ignore[misc]

    postgres.start()
    assert stack.processes["release"].wait(SECONDS_MAX) == 0
    wait_for(f"{stack.url}/readyz")
    run_a_job(stack)

    postgres.stop()
    wait_until(lambda: stack.log_of("worker").count(WAITING) == 2, stack)
    assert requests.get(f"{stack.url}/readyz", timeout=10).status_code == 503
    postgres.start()
    wait_for(f"{stack.url}/readyz")
    run_a_job(stack)

    postgres.stop()
    wait_until(lambda: stack.log_of("worker").count(WAITING) == 3, stack)
    stack.processes["worker"].terminate()
    assert stack.processes["worker"].wait(SECONDS_MAX) is not None
    logs = {name: stack.log_of(name) for name in ("release", "worker", "web")}
    assert [logs[name].count(WAITING) for name in ("release", "worker")] == [1, 3]
    assert logs["web"].count("not ready, waiting: database") == 2
    assert [name for name, log in logs.items() if PASSWORD in log] == []

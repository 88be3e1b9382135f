"""The worker as it runs for real: the Procfile's own command, on both engines."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from huey.storage import PostgresStorage
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.ledger.balances import get_balance
from payapp.ledger.holds import find_hold_status, place_hold
from payapp.ledger.models import Hold
from payapp.ledger.verification import verify
from tests.factories import make_user
from tests.processes import PROJECT_ROOT
from tests.stand_in import StandIn
from tests.warm import run_warm

SECONDS_MAX = 20


class Worker:
    """The job worker, as the Procfile starts it."""

    process: "subprocess.Popen[bytes] | None" = None

    def __init__(self, settings: dict[str, str]) -> None:
        self.environment = {**os.environ, **settings}
        # The scripts of this very virtual environment, as honcho and a Procfile find them.
        self.environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.log = Path(settings["PAYAPP_INSTANCE_PATH"]) / "worker.log"

    def start(self) -> None:
        [command] = [
            line for line in (PROJECT_ROOT / "Procfile").read_text().splitlines() if line.startswith("worker:")
        ]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                shlex.split(command.removeprefix("worker:")),
                cwd=PROJECT_ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def enqueue(self, *jobs: str) -> None:
        """Ask for jobs from another process, as the clock does inside the worker."""
        status, printed = run_warm("tests.order_jobs", jobs, self.environment)
        assert status == 0, printed

    @property
    def handles_signals(self) -> bool:
        """Whether it catches SIGTERM yet: the last thing it does at its start. See proc_pid_status(5)."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

    def end(self) -> None:
        """End it at once, if it was ever started."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(with_signal)
        return self.process.wait(timeout=10)


@pytest.fixture
def worker(stripe: StandIn, settings: dict[str, str], app: Flask) -> Iterator[Worker]:
    worker = Worker(settings)
    yield worker
    worker.end()


def wait_until(is_true: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not is_true():
        assert time.monotonic() < deadline, log.read_text() if log.exists() else "no worker was started"
        time.sleep(0.1)


def has_expired(session: Session, hold_id: int) -> bool:
    session.expire_all()
    status = session.get_one(Hold, hold_id).status
    session.rollback()
    return status == "expired"


def has_customer(session: Session, user_id: int) -> bool:
    session.expire_all()
    has_id = session.get_one(User, user_id).stripe_customer_id is not None
    session.rollback()
    return has_id


def test_it_expires_holds_makes_customers_and_stops(stripe: StandIn, session: Session, worker: Worker) -> None:
    user = make_user(session, email=f"{uuid4().hex}@example.com", credits=100, stripe_customer_id=None)
    user_id = user.id
    hold_id = place_hold(session, user_id, 30, feature="test", expires_in_seconds=0.01).id
    kept_id = place_hold(session, user_id, 5, feature="test").id
    customer_id, new = stripe.post("/v1/customers", email="old@example.com")["id"], f"{uuid4().hex}@example.com"
    make_user(session, email=new, stripe_customer_id=customer_id, stripe_customer_email="old@example.com")

    worker.enqueue(
        "expire_overdue_holds", "make_missing_customers", "forget_old_rate_counters", "forget_old_qr_batches"
    )  # the clock has its own pace: once a minute
    worker.start()
    wait_until(lambda: has_expired(session, hold_id), worker.log)
    assert find_hold_status(session, kept_id) == "open"
    assert get_balance(session, user_id).available == 95
    assert verify(session) == []
    session.rollback()

    wait_until(lambda: has_customer(session, user_id), worker.log)
    wait_until(lambda: [found["id"] for found in stripe.list_customers(new)] == [customer_id], worker.log)
    assert worker.stop() == 0
    assert "Traceback" not in worker.log.read_text()
    assert {"expire_overdue_holds", "forget_old_rate_counters", "forget_old_qr_batches"} <= set(
        re.findall(r"\w+", worker.log.read_text())
    )


def test_it_stops_at_once_when_idle_and_keeps_its_queue_beside_the_data(
    worker: Worker, settings: dict[str, str], engine_name: str
) -> None:
    worker.start()
    wait_until(lambda: worker.handles_signals, worker.log)
    began = time.monotonic()
    assert worker.stop(signal.SIGINT) == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in worker.log.read_text()
    has_file = (Path(settings["PAYAPP_INSTANCE_PATH"]) / "jobs.db").exists()
    assert has_file is (engine_name == "sqlite")


@pytest.mark.parametrize("engine_name", ["postgresql"])  # SQLite has one writer at a time
def test_a_queue_that_another_process_makes_at_the_same_moment_is_there(worker: Worker, database_url: str) -> None:
    with psycopg.connect(database_url) as other:
        for statement in PostgresStorage(create_tables=False).ddl:
            other.execute(statement)
        with ThreadPoolExecutor() as threads:
            ordered = threads.submit(worker.enqueue, "expire_overdue_holds")
            wait_until(lambda: is_somebody_waiting(database_url), worker.log)
            other.commit()
            ordered.result()
        assert other.execute("SELECT count(*) FROM huey_task").fetchone() == (1,)


def is_somebody_waiting(database_url: str) -> bool:
    """Whether a connection to this database waits for another's commit."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(database_url) as looking:
        return looking.execute(waiting).fetchone() == (1,)

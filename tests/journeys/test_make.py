"""The commands of the README, as a newcomer types them."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.journeys.person import Person
from tests.processes import PROJECT_ROOT, free_port, wait_for

# What a newcomer's shell does not have, but a test run may.
SETTINGS = ("STRIPE_SECRET_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET", "DATABASE_URL", "APP_BASE_URL", "MAIL_URL")

pytestmark = pytest.mark.skipif(
    not (PROJECT_ROOT / ".venv/.run-time").exists(), reason="make has installed nothing here"
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS and not name.startswith("MAKE")}
    return {**kept, "PAYAPP_INSTANCE_PATH": str(tmp_path / "instance")}


@pytest.fixture
def run(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """`make run` on free ports, ready; ended at the end, if the test has not."""
    ports = {name: free_port() for name in ("PORT", "STRIPE_PORT", "MAIL_PORT", "SMTP_PORT")}
    process = subprocess.Popen(
        ["make", "run", *(f"{name}={port}" for name, port in ports.items())],
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(f"http://localhost:{ports['PORT']}/readyz", seconds=60)
        wait_for(f"http://localhost:{ports['STRIPE_PORT']}/_control/health", seconds=60)
        wait_for(f"http://localhost:{ports['MAIL_PORT']}/health", seconds=60)
        yield process, f"http://localhost:{ports['PORT']}", f"http://localhost:{ports['MAIL_PORT']}"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=30)


def test_make_run_sells_credits_and_stops_on_ctrl_c(run: tuple[subprocess.Popen[str], str, str]) -> None:
    process, url, mailbox = run
    person = Person(url, "newcomer@example.com")
    person.sign_up()
    assert "/verify-email/" in read_mail(mailbox, person.email)
    person.pay(person.start_buying("starter"))
    person.wait_for_balance(100)
    assert person.make_qr_code("hello").status_code == 200
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)  # what a terminal sends on Ctrl-C
    output, _ = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGINT), output  # make itself ends by the signal, as it should
    assert f"payapp is ready: open {url}" in output
    assert "Traceback" not in output
    assert psutil.wait_procs(children, timeout=5)[1] == []


def read_mail(mailbox: str, address: str) -> str:
    """Return the text of the first mail to the address, once the worker has sent it to the local mailbox."""
    deadline = time.monotonic() + 20
    while not (mails := requests.get(f"{mailbox}/mails.json?to={address}", timeout=10).json()):
        assert time.monotonic() < deadline, "no mail came"
        time.sleep(0.1)
    return str(mails[-1]["text"])


def test_make_demo_prints_the_journey(environment: dict[str, str]) -> None:
    done = subprocess.run(["make", "demo"], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("sign up", "Stripe customer cus_", "balance 500", "balance 499", "every law holds"):
        assert words in done.stdout


def test_make_lists_its_targets(environment: dict[str, str]) -> None:
    done = subprocess.run(["make"], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=True)
    for target in ("run", "test", "demo", "lint", "bench", "growth", "pressure"):
        assert f"make {target} " in done.stdout

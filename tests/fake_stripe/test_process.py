"""How the process starts and ends."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.objects import create_customer
from tests.fake_stripe.processes import PROJECT_ROOT, WEBHOOK_SECRET, Receiver, free_port, wait_until

PROGRAM = [sys.executable, "-m", "fake_stripe"]


@pytest.mark.parametrize("fault", ["hang", "timeout"])
def test_it_ends_quietly_with_work_under_way(start_stand_in: StartStandIn, receiver: Receiver, fault: str) -> None:
    stand_in = start_stand_in(webhook_url=f"{receiver.url}/webhooks", webhook_secret=WEBHOOK_SECRET)
    receiver.delays["/webhooks"] = 5
    create_customer(stand_in.client())
    receiver.wait_for("customer.created")
    stand_in.control("POST", "/faults", {"operation": "GET /v1/customers", "fault": fault, "seconds": 30})
    caller = threading.Thread(target=call_in_vain, args=(stand_in.url,))
    caller.start()
    wait_until(lambda: stand_in.control("GET", "/faults")["faults"] == [])
    assert stand_in.stop() == 0
    caller.join(timeout=10)
    assert len(Path(stand_in.printed.name).read_text().splitlines()) == 1  # that it is ready


def call_in_vain(url: str) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/v1/customers", headers={"Authorization": "Bearer sk_test_1"}, timeout=20)


def test_it_says_when_its_port_is_taken(start_stand_in: StartStandIn) -> None:
    port = start_stand_in().port
    done = subprocess.run([*PROGRAM, f"--port={port}"], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert f"can't listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_wants_url_and_secret_together(tmp_path: Path) -> None:
    arguments = [*PROGRAM, f"--port={free_port()}", "--webhook-url=http://localhost:9/x"]
    done = subprocess.run(arguments, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "belong together" in done.stderr


def test_it_keeps_connections_open(start_stand_in: StartStandIn) -> None:
    stand_in = start_stand_in()
    with requests.Session() as session:
        answers = [session.get(f"{stand_in.url}/_control/health", timeout=10) for _ in range(3)]
    assert {answer.raw.version for answer in answers} == {11}
    assert all("Connection" not in answer.headers for answer in answers)

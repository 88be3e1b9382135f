"""flask dev fake-stripe --port N"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from payapp.config import LOCAL_STRIPE_SECRET_KEY
from tests.processes import PROJECT_ROOT, free_port, wait_for

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


class Command:
    """The command, running."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flask", "dev", "fake-stripe", "--port", str(self.port)],
            cwd=PROJECT_ROOT,
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            text=True,
        )
        wait_for(f"{self.url}/_control/health")

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def stop(self) -> str:
        """Stop it as honcho does; return what it printed."""
        self.process.terminate()
        printed, _ = self.process.communicate(timeout=10)
        return printed


@pytest.fixture
def command(settings: dict[str, str]) -> Iterator[Command]:
    settings.update(
        STRIPE_SECRET_KEY="", STRIPE_WEBHOOK_SECRET="", STRIPE_API_BASE="", APP_BASE_URL="http://localhost:8123"
    )
    command = Command(settings)
    yield command
    command.stop()


def test_it_works(command: Command, settings: dict[str, str]) -> None:
    key = (LOCAL_STRIPE_SECRET_KEY, "")
    endpoints = requests.get(f"{command.url}/v1/webhook_endpoints", auth=key, timeout=10).json()["data"]
    assert [endpoint["url"] for endpoint in endpoints] == ["http://localhost:8123/webhooks/stripe"]
    printed = command.stop()
    assert command.process.returncode == 0
    assert f"ready on {command.url}" in printed


def test_it_remembers_after_a_restart(command: Command, settings: dict[str, str]) -> None:
    key = (LOCAL_STRIPE_SECRET_KEY, "")
    data = {"email": "ada@example.com"}
    customer = requests.post(f"{command.url}/v1/customers", data=data, auth=key, timeout=10).json()["id"]
    command.stop()
    again = Command(settings)
    found = requests.get(f"{again.url}/v1/customers/{customer}", auth=key, timeout=10).json()
    again.stop()
    assert found["email"] == "ada@example.com"


def test_a_taken_port_is_said_in_one_sentence(settings: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken, free = other.getsockname()[1], free_port()
        assert check_ports(settings, taken, free) == (
            1,
            f"Error: port {taken} is taken by another program; try: make run PORT={taken + 1}\n",
        )
        _, sentence = check_ports(settings, free, taken)
        assert sentence.endswith(f"make run STRIPE_PORT={taken + 1}\n")
    assert check_ports(settings, taken, free) == (0, "")


def check_ports(settings: dict[str, str], port: int, stripe_port: int) -> tuple[int, str]:
    command = [sys.executable, "-m", "flask", "dev", "check-ports", str(port), str(stripe_port)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, env={**os.environ, **settings}, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr

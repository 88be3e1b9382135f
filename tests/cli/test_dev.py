"""flask dev fake-stripe --port N"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from payapp.config import LOCAL_STRIPE_SECRET_KEY
from tests.processes import free_port, wait_for
from tests.warm import WarmProgram, run_warm

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


class Command:
    """The command, running."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.port = free_port()
        self.log = Path(settings["PAYAPP_INSTANCE_PATH"]) / f"{self.port}.log"
        arguments = ["dev", "fake-stripe", "--port", str(self.port)]
        self.process = WarmProgram("flask", arguments, {**os.environ, **settings}, self.log)
        wait_for(f"{self.url}/_control/health")

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def stop(self) -> str:
        """Stop it as honcho does; return what it printed."""
        self.process.terminate()
        self.process.wait(timeout=10)
        return self.log.read_text()


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
    assert command.process.poll() == 0
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
        assert check_ports(settings, taken, free, free, free) == (
            1,
            f"Error: port {taken} is taken by another program; try: make run PORT={taken + 1}\n",
        )
        for number, name in enumerate(("STRIPE_PORT", "MAIL_PORT", "SMTP_PORT"), start=1):
            ports = [taken if each == number else free for each in range(4)]
            assert check_ports(settings, *ports)[1].endswith(f"make run {name}={taken + 1}\n")
    assert check_ports(settings, taken, free, free, free) == (0, "")


def check_ports(settings: dict[str, str], *ports: int) -> tuple[int, str]:
    return run_warm("flask", ["dev", "check-ports", *map(str, ports)], {**os.environ, **settings})

"""A stand-in in a process of its own, and an endpoint that receives its webhooks."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

import requests
import stripe

from tests.open_connections import ask
from tests.warm import WarmProgram

API_KEY = "sk_test_of_the_tests"
WEBHOOK_SECRET = "whsec_of_the_tests"
PROJECT_ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_true: Callable[[], Any], seconds: float = 10) -> Any:
    """Return the first true value of `is_true`. Raises AssertionError when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = is_true()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not true within {seconds} s: {is_true}")


@dataclass
class StandInProcess:
    """One started stand-in; `options` are those of the command line, with _ for -."""

    options: dict[str, object]
    port: int = field(default_factory=free_port)
    process: WarmProgram | None = None
    printed: IO[str] = field(default_factory=lambda: NamedTemporaryFile("r"))  # noqa: SIM115  (goes with this object)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "StandInProcess":
        """Start it and wait for the line that says it is ready."""
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in self.options.items()]
        log = Path(self.printed.name)
        self.process = WarmProgram("fake_stripe", [f"--port={self.port}", *arguments], os.environ, log)
        wait_until(lambda: "ready" in self.printed.read())  # read on from where the one before it ended
        return self

    def stop(self) -> int:
        """End it politely and return its exit status."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(timeout=10)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once, with SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=10)
            self.process = None

    def client(self, api_key: str = API_KEY, timeout: float = 10, retries: int = 0) -> stripe.StripeClient:
        """Return the real SDK, speaking to this process."""
        return stripe.StripeClient(
            api_key,
            base_addresses={"api": self.url},
            http_client=stripe.RequestsClient(timeout=timeout),
            max_network_retries=retries,
        )

    def api(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> requests.Response:
        """Call the API without the SDK, for what the SDK would not send."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {API_KEY}", **names}
        where: dict[str, Any] = {"params": form} if method == "GET" else {"data": form}
        return ask(method, f"{self.url}{path}", headers=sent, timeout=10, **where)

    def control(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Call `/_control` and return its JSON."""
        answer = ask(method, f"{self.url}/_control{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def pay(self, session: Any, outcome: str, **form: str) -> requests.Response:
        """Submit the payment page, without following where it leads."""
        address = f"{self.url}/c/pay/{session.id}"
        return ask("POST", address, data={"outcome": outcome, **form}, allow_redirects=False, timeout=10)


@dataclass(frozen=True)
class Received:
    """One webhook as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    received_at: float

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return str(self.event["type"])


class Receiver:
    """An app's webhook endpoint: keeps what it gets and answers as it is told."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: dict[str, list[int]] = {}
        self.delays: dict[str, float] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def events(self, event_type: str | None = None, path: str | None = None) -> list[Received]:
        """Return what has come in, perhaps only one type or one path."""
        return [one for one in list(self.received) if event_type in (None, one.type) and path in (None, one.path)]

    def wait_for(self, event_type: str, count: int = 1, seconds: float = 10) -> list[Received]:
        """Return what has come in of a type, as soon as it is `count` or more."""
        wait_until(lambda: len(self.events(event_type)) >= count, seconds)
        return self.events(event_type)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(Received(self.path, dict(self.headers), body, time.time()))
                time.sleep(receiver.delays.get(self.path, 0))
                answers = receiver.answers.get(self.path)
                self.send_response(answers.pop(0) if answers else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler

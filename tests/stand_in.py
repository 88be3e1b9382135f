"""The Stripe stand-in as tests use it: a process of its own, with orders for trouble and a log of its calls."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.open_connections import ask
from tests.processes import SECRET_KEY, free_port, wait_for
from tests.warm import WarmProgram

CREATE_CUSTOMER = "POST /v1/customers"
CREATE_CHECKOUT_SESSION = "POST /v1/checkout/sessions"
GET_CHECKOUT_SESSION = "GET /v1/checkout/sessions/{session_id}"
EXPIRE_CHECKOUT_SESSION = "POST /v1/checkout/sessions/{session_id}/expire"
TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class StandIn:
    """A running stand-in. `state_path` is its database, for what Stripe would do only after a day."""

    url: str
    state_path: Path

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """Ask its API, as Stripe's own dashboard would."""
        return self._ask("GET", path, params=params)

    def post(self, path: str, **params: Any) -> dict[str, Any]:
        """Change something through its API; nested parameters are given as Stripe writes them: `metadata[a]`."""
        return self._ask("POST", path, data=params)

    def delete(self, path: str) -> dict[str, Any]:
        """Delete something through its API, as the dashboard's button does."""
        return self._ask("DELETE", path)

    def control(self, path: str, **body: Any) -> dict[str, Any]:
        """Make a control call, such as `disputes`: see fake_stripe/README.md."""
        return self._control("POST", path, body)

    def arm(self, operation: str, fault: str, **options: Any) -> None:
        """Order trouble: `fault` timeout, hang, 500, 502, 429, reset or refused; options when, count, seconds."""
        self._control("POST", "faults", {"operation": operation, "fault": fault, **options})

    def reset(self) -> None:
        """Forget faults and requests, so that a test can count from here."""
        self._control("DELETE", "faults")
        self._control("DELETE", "requests")

    def list_requests(self, operation: str) -> list[dict[str, Any]]:
        """Return what was asked since reset(): `POST /v1/customers`, oldest first, replays included."""
        method, path = operation.split()
        logged: list[dict[str, Any]] = self._control("GET", "requests")["requests"]
        return [entry for entry in logged if (entry["method"], entry["path"]) == (method, path)]

    def wait_for_request(self, operation: str, seconds: float = 10) -> None:
        """Return as soon as `operation` has been asked. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not self.list_requests(operation):
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody asked {operation}")
            time.sleep(0.02)

    def wait_for_deliveries(self, seconds: float = 20) -> None:
        """Return when every webhook has arrived. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while pending := self._control("GET", "health")["pending_deliveries"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{pending} webhooks have not arrived")
            time.sleep(0.02)

    def list_customers(self, email: str) -> list[dict[str, Any]]:
        return list(self.get("/v1/customers", email=email, limit="100")["data"])

    def list_checkout_sessions(self, customer_id: str) -> list[dict[str, Any]]:
        return list(self.get("/v1/checkout/sessions", customer=customer_id, limit="100")["data"])

    def pay(self, checkout_session_id: str, outcome: str = "paid") -> None:
        """Finish a payment page as its visitor would."""
        self._control("POST", f"sessions/{checkout_session_id}/pay", {"outcome": outcome})

    def forget_keys(self) -> None:
        """Do what Stripe may do after 24 hours: forget every idempotency key."""
        self._change("DELETE FROM idempotency_keys")

    def keep_failure(self, key: str) -> None:
        """Answer with the same 500 whenever this key comes again, as Stripe does with a 500 of its own."""
        body = '{"error": {"message": "An unknown error occurred", "type": "api_error"}}'
        changed = self._change("UPDATE idempotency_keys SET status = 500, body = ? WHERE key = ?", body, key)
        assert changed == 1, f"the stand-in never saw {key}"

    def _change(self, sql: str, *arguments: str) -> int:
        with closing(sqlite3.connect(self.state_path, timeout=10)) as connection, connection:
            return connection.execute(sql, arguments).rowcount

    def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        url, key = self.url + path, (SECRET_KEY, "")
        return self._answer(ask(method, url, auth=key, timeout=TIMEOUT_SECONDS, **options))

    def _control(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        url = f"{self.url}/_control/{path}"
        return self._answer(ask(method, url, json=body, timeout=TIMEOUT_SECONDS))

    def _answer(self, response: requests.Response) -> dict[str, Any]:
        assert response.status_code == 200, f"{response.request.url}: {response.status_code} {response.text}"
        body: dict[str, Any] = response.json()
        return body


@contextmanager
def running_stand_in(folder: Path) -> Iterator[StandIn]:
    """Start a stand-in that sends no webhooks, its state in `folder`, for the time of the block."""
    port, state_path = free_port(), folder / "stand_in.sqlite3"
    options = (f"--port={port}", f"--state={state_path}")
    process = WarmProgram("fake_stripe", options, os.environ, folder / "stand_in.log")
    try:
        wait_for(f"http://localhost:{port}/_control/health")
        yield StandIn(f"http://localhost:{port}", state_path)
    finally:
        process.terminate()
        process.wait(timeout=10)

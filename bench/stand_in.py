"""python -m bench.stand_in: measure the stand-in for Stripe: how soon it is ready, how much it serves, its memory.

The figures are only printed. `import flask` in a process of its own is measured in turn with the starts, because a busy
machine slows both.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import psutil

from bench.load import Connection
from tests.processes import PROJECT_ROOT, free_port

STARTS = 9
CONNECTIONS = 4
ROUNDS = 5
REQUESTS_EACH = 150
KEY = "Authorization: Bearer sk_test_of_the_benchmark"
READY_MILLISECONDS_MAX = 300
REQUESTS_PER_SECOND_MIN = 200


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="payapp-bench-") as folder:
        starts, imports = _measure_starts(Path(folder))
        rates, megabytes = _measure_load(Path(folder))
    print(f"Ready after {median(starts):.0f} ms (aim: under {READY_MILLISECONDS_MAX}), {min(starts):.0f} at best")
    print(f"`import flask` alone: {median(imports):.0f} ms, {min(imports):.0f} at best")
    for name, each in rates.items():
        print(f"{name}: {median(each):.0f} requests a second (aim: {REQUESTS_PER_SECOND_MIN}), {max(each):.0f} at best")
    print(f"Memory after it: {megabytes:.0f} MB. Load of the machine: {os.getloadavg()[0]:.1f}")
    return 0


def _measure_starts(folder: Path) -> tuple[list[float], list[float]]:
    starts, imports = [], []
    for number in range(STARTS):
        began_at = time.perf_counter()
        with _running(folder / f"start{number}.sqlite3"):
            starts.append((time.perf_counter() - began_at) * 1000)
        began_at = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import flask"], check=True)
        imports.append((time.perf_counter() - began_at) * 1000)
    return starts, imports


def _measure_load(folder: Path) -> tuple[dict[str, list[float]], float]:
    with _running(folder / "load.sqlite3") as (port, process):
        make = _request("POST", "/v1/customers", {"email": "bench@example.com"})
        work = {
            "Making customers": make,
            "Fetching one": _request("GET", f"/v1/customers/{json.loads(_send(port, [make]))['id']}"),
            "Opening Checkout sessions": _request("POST", "/v1/checkout/sessions", SESSION),
        }
        rates = {name: [_measure_rate(port, request) for _ in range(ROUNDS)] for name, request in work.items()}
        return rates, psutil.Process(process.pid).memory_info().rss / 1024 / 1024


SESSION = {
    "mode": "payment",
    "success_url": "https://example.com/done",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "3900",
    "line_items[0][price_data][product_data][name]": "Growth",
}


def _measure_rate(port: int, request: bytes) -> float:
    batches = [[request] * REQUESTS_EACH for _ in range(CONNECTIONS)]
    began_at = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as clients:
        list(clients.map(_send, [port] * CONNECTIONS, batches))
    return CONNECTIONS * REQUESTS_EACH / (time.perf_counter() - began_at)


def _send(port: int, batch: list[bytes]) -> bytes:
    """Send one after the other and return the last answer. Raises AssertionError unless each is a 200."""
    connection = Connection(port)
    answers = [connection.send(request) for request in batch]
    connection.close()
    return answers[-1]


def _request(method: str, path: str, form: dict[str, str] | None = None) -> bytes:
    body = urlencode(form or {})
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", KEY, f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", body]).encode()


@contextmanager
def _running(state_path: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Start a stand-in that keeps its state on the disk, and wait for the line that says it is ready."""
    port = free_port()
    command = [sys.executable, "-m", "fake_stripe", f"--port={port}", f"--state={state_path}"]
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "ready" in line, f"the stand-in does not start: {line}"
        yield port, process
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


if __name__ == "__main__":
    sys.exit(main())

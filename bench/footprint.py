"""What payapp takes: seconds to start, memory of a worker, milliseconds of a page; and of a commit alone."""

import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median

import psutil
import psycopg
import requests

from bench.load import Connection, Requests, exchange
from bench.plan import Plan
from bench.seeding import make_page_request
from tests.journeys.person import Person
from tests.processes import PROJECT_ROOT, START_SECONDS_MAX, Stack

PAGE = "Credits page"
PAGES = {PAGE: "/dashboard/credits", "Balance partial": "/dashboard/credits/balance"}
UNCHANGED = "Balance partial, unchanged (304)"
MEGABYTE = 1024 * 1024
COMMITS = 100


@dataclass(frozen=True)
class WorkerMemory:
    """The biggest worker's memory in MB: all that it maps, and with shared pages divided among those who share."""

    rss: float
    pss: float


def measure_starts(stack: Stack, times: int) -> list[float]:
    """Return how many seconds it took from the start of gunicorn to the first 200 of /healthz, each time."""
    return [_measure_start(stack) for _ in range(times)]


def measure_memory(master_process_id: int) -> WorkerMemory:
    """Return the memory of the biggest worker of a running gunicorn."""
    used = [worker.memory_full_info() for worker in psutil.Process(master_process_id).children()]
    return WorkerMemory(max(each.rss for each in used) / MEGABYTE, max(each.pss for each in used) / MEGABYTE)


def measure_pages(port: int, regular: Person, busiest: Person, plan: Plan) -> dict[str, float]:
    """Return the median milliseconds of each page, asked for by one person, one after the other."""
    partial = PAGES["Balance partial"]
    etag = regular.http.get(f"http://localhost:{port}{partial}", timeout=START_SECONDS_MAX).headers["ETag"]
    asked = {name: make_page_request(regular, path) for name, path in PAGES.items()}
    asked[UNCHANGED] = make_page_request(regular, partial, {"If-None-Match": etag})
    asked[f"{PAGE} of the busiest"] = make_page_request(busiest, PAGES[PAGE])
    return {name: time_requests(port, [request] * plan.page_views) for name, request in asked.items()}


def time_requests(port: int, sent: Requests) -> float:
    """Return the median milliseconds of the answers. Raises AssertionError at one that is no success."""
    connection = Connection(port)
    took: list[float] = []
    for request in sent:
        began_at = time.perf_counter()
        exchange(connection, request)
        took.append((time.perf_counter() - began_at) * 1000)
    connection.close()
    return median(took)


def measure_commit(database_url: str) -> float:
    """Return the median milliseconds of a PostgreSQL commit, one after the other: how long the disk takes, mostly."""
    took: list[float] = []
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_commits (number integer)")
        for number in range(COMMITS):
            began_at = time.perf_counter()
            connection.execute("INSERT INTO bench_commits VALUES (%s)", [number])
            took.append((time.perf_counter() - began_at) * 1000)
        connection.execute("DROP TABLE bench_commits")
    return median(took)


def _measure_start(stack: Stack) -> float:
    address = f"127.0.0.1:{stack.port}"
    workers = f"--workers={stack.web_workers}"
    began_at = time.monotonic()
    with (stack.folder / "starts.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", stack.application, f"--bind={address}", workers],
            cwd=PROJECT_ROOT,
            env=stack.environment,
            stdout=log,
            stderr=log,
        )
    try:
        while not _is_alive(f"http://{address}/healthz"):
            assert server.poll() is None, f"payapp does not start:\n{(stack.folder / 'starts.log').read_text()}"
            time.sleep(0.005)
        return time.monotonic() - began_at
    finally:
        server.terminate()
        server.wait(timeout=START_SECONDS_MAX)


def _is_alive(url: str) -> bool:
    """Ask once. As soon as gunicorn listens, the question waits there until a worker answers it."""
    try:
        return requests.get(url, timeout=START_SECONDS_MAX).status_code == 200
    except requests.ConnectionError:
        return False

"""Starting payapp's real processes for tests, the demo and the benchmark, on free loopback ports."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.warm import WarmProgram, run_warm

PROJECT_ROOT = Path(__file__).resolve().parent.parent
WEBHOOK_SECRET = "whsec_for_tests"
SECRET_KEY = "sk_test_for_tests"
START_SECONDS_MAX = 30


def free_port() -> int:
    """Return a loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = START_SECONDS_MAX) -> None:
    """Return as soon as `url` answers 200. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(requests.RequestException):
            if requests.get(url, timeout=2).status_code == 200:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer within {seconds} s")


@dataclass
class Stack:
    """payapp as it runs for real: gunicorn, optionally the worker, and the Stripe stand-in.

    With `is_loaded_once` gunicorn makes the application before it forks, not once in each of its processes. With
    `is_warm` no server imports anything at its start (see tests/warm.py). The benchmark starts as the Procfile does.
    """

    database_url: str
    folder: Path
    web_workers: int = 1
    is_loaded_once: bool = True
    is_warm: bool = True
    with_job_worker: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    webhook_secret: str = WEBHOOK_SECRET
    application: str = "tests.quick_app:app"
    jobs: str = "payapp.jobs.tasks.huey"
    port: int = field(default_factory=free_port)
    stripe_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes] | WarmProgram] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def stripe_url(self) -> str:
        return f"http://localhost:{self.stripe_port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PAYAPP_ENV": "development",
            "PAYAPP_INSTANCE_PATH": str(self.folder),
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "a key for tests only",
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": self.webhook_secret,
            "STRIPE_API_BASE": self.stripe_url,
            "APP_BASE_URL": self.url,
            "MAIL_URL": "none",
            **self.settings,
        }

    def start(self) -> None:
        """Migrate, start every process, and return once all are ready. Raises TimeoutError with the logs named."""
        self.run("flask", "db", "upgrade")
        self.start_stripe()
        self.start_web()
        if self.with_job_worker:
            self.start_worker()

    def start_stripe(self) -> None:
        self._spawn(
            "stripe",
            "fake_stripe",
            f"--port={self.stripe_port}",
            f"--state={self.folder / 'fake_stripe.sqlite3'}",
            f"--webhook-url={self.url}/webhooks/stripe",
            f"--secret={self.webhook_secret}",
            "--late-seconds=2",
            "--settle-seconds=3",
        )
        wait_for(f"{self.stripe_url}/_control/health")

    def start_worker(self) -> None:
        self._spawn("worker", "huey.bin.huey_consumer", self.jobs, "--workers", "1", "--max-delay", "1")

    def call_worker(self, job: str) -> None:
        """Have the worker do a job of payapp/jobs/tasks.py, also one that does not run yet."""
        self.run("tests.order_jobs", job)

    def start_release(self) -> None:
        """Start what the Procfile runs before the others."""
        self._spawn("release", "flask", "db", "upgrade")

    def start_web(self, *, until: str = "/readyz") -> None:
        """Return as soon as the web server answers 200 at `until`."""
        self._spawn(
            "web",
            "gunicorn",
            self.application,
            f"--bind=127.0.0.1:{self.port}",
            f"--workers={self.web_workers}",
            "--log-level=warning",
            *(["--preload"] if self.is_loaded_once else []),
        )
        wait_for(f"{self.url}{until}")

    def run(self, module: str, *arguments: str) -> str:
        """Run `python -m module` to its end in the same environment; return what it printed.

        Raises AssertionError with all it printed if it fails."""
        status, output = run_warm(module, arguments, self.environment, seconds_max=None)
        assert status == 0, f"{module} {arguments} ended with {status}:\n{output}"
        return output

    def kill(self, name: str) -> None:
        """End one process, and its children, at once (SIGKILL)."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.kill()  # also one that has not yet made a group of its own
        process.wait()

    def stop(self) -> None:
        """End every process that was started, politely first."""
        for process in self.processes.values():
            process.terminate()
        for name, process in list(self.processes.items()):
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill(name)
        self.processes.clear()

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _spawn(self, name: str, module: str, *arguments: str) -> None:
        """Start `python -m module`, its log in `folder`."""
        log = self.folder / f"{name}.log"
        if self.is_warm:
            self.processes[name] = WarmProgram(module, arguments, self.environment, log)
            return
        with log.open("ab") as file:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=PROJECT_ROOT,
                env=self.environment,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )


@contextmanager
def serving(stack: Stack) -> Iterator[Stack]:
    """Start the web server alone for the time of the block; Stripe is not there."""
    try:
        stack.start_web()
        yield stack
    finally:
        stack.stop()


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    """Start the stack for the time of the block."""
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()

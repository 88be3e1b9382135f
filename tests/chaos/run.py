"""One run of chaos: start, buy, spend, disturb and kill; then let the retries finish, and compare the stories."""

import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.chaos.books import age_open_holds, read_books
from tests.chaos.checks import Evidence, find_problems
from tests.chaos.clients import CLIENTS
from tests.chaos.clients.client import run_client
from tests.chaos.draining import drain
from tests.chaos.journal import Journals
from tests.chaos.killer import Killer
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.servers import ChaosStack, Postgres, running_stack
from tests.chaos.shoppers import Scene, prepare
from tests.chaos.stripe_record import StripeRecord
from tests.warm import WARM, WARM_MODULES

BACKLOG_MAX = 300
LOOK_SECONDS = 0.25
DRAIN_SECONDS_MAX = 300
CLIENT_END_SECONDS_MAX = 90

# Not forks of this process: it has threads, and a lock may be taken that nobody will ever release.
WARM.set_forkserver_preload([*WARM_MODULES, "tests.chaos.run"])

Say = Callable[[Report], None]


def run_chaos(plan: Plan, folder: Path, say: Say) -> Report:
    """Run, telling `say` how far it is; the report's problems are empty when nothing was lost or done twice."""
    with running_stack(plan, folder) as (stack, postgres):
        return Chaos(plan, stack, postgres, say).run()


class Chaos:
    """One run on servers that are up."""

    def __init__(self, plan: Plan, stack: ChaosStack, postgres: Postgres | None, say: Say) -> None:
        self.plan, self.stack, self.say = plan, stack, say
        self.record = StripeRecord(stack.stripe_url, stack.state_path)
        self.report = Report(plan)
        self.journals = Journals(stack.folder)
        self.killer = Killer(plan, stack, postgres, self._may_strike)
        self._stop, self._may_sell = WARM.Event(), WARM.Event()

    def run(self) -> Report:
        """Do everything; a step that fails ends the run with its problem in the report."""
        scene = prepare(self.plan, self.stack)
        clients = self._start_clients(scene)
        self.killer.start()
        try:
            self._watch(clients)
        finally:
            self.killer.stop()
            self._end_clients(clients)
        self.report.problems += self.killer.trouble
        if not self.killer.trouble:
            self._audit()
        return self.report

    def _start_clients(self, scene: Scene) -> list[BaseProcess]:
        clients: list[BaseProcess] = [
            WARM.Process(
                target=run_client,
                args=(kind, scene, number, self._stop, self._may_sell),
                name=f"{kind.__name__} {number}",
                daemon=True,
            )
            for kind, count in CLIENTS.items()
            for number in range(count)
        ]
        for client in clients:
            client.start()
        return clients

    def _watch(self, clients: list[BaseProcess]) -> None:
        """Keep purchases and kills in step until both are enough. Every client must live that long."""
        deadline = time.monotonic() + self.plan.seconds_max
        while self.killer.is_alive() or self.report.deliveries.delivered < self.plan.events:
            time.sleep(LOOK_SECONDS)
            self._look()
            dead = [client.name for client in clients if not client.is_alive()]
            if dead or self.killer.trouble or time.monotonic() > deadline:
                self.report.problems += [f"the client {name} ended with an error" for name in dead]
                if time.monotonic() > deadline:
                    self.report.problems.append(f"the run took longer than {self.plan.seconds_max:.0f} s")
                return

    def _look(self) -> None:
        report = self.report
        report.deliveries = self.record.count_deliveries()
        report.count(self.journals.read_on(), self.killer.deaths)
        is_ahead = report.deliveries.delivered / self.plan.events > self.killer.kills / self.plan.kills + 0.05
        if report.deliveries.pending > BACKLOG_MAX or (is_ahead and self.killer.is_alive()):
            self._may_sell.clear()
        else:
            self._may_sell.set()
        self.say(report)

    def _may_strike(self, kills: int) -> bool:
        """Whether the traffic is as far as the kills."""
        return self.report.deliveries.delivered / self.plan.events >= kills / self.plan.kills - 0.05

    def _end_clients(self, clients: list[BaseProcess]) -> None:
        self._stop.set()
        self._may_sell.set()
        for client in clients:
            client.join(CLIENT_END_SECONDS_MAX)
            if client.is_alive():
                client.kill()
                self.report.problems.append(f"the client {client.name} hung")

    def _audit(self) -> None:
        """Let everything arrive, and compare."""
        report = self.report
        try:
            drain(self.stack.stripe_url, self.record, DRAIN_SECONDS_MAX)
        except TimeoutError as error:
            report.problems.append(str(error))
        self._look()
        self._verify_ledger()
        evidence = self._gather()
        report.problems += find_problems(evidence)
        report.describe(evidence)

    def _gather(self) -> Evidence:
        url = self.stack.database_url
        before = read_books(url)
        age_open_holds(url)
        self.stack.run("tests.order_jobs", "--here", "expire_overdue_holds")
        return Evidence(
            books=before,
            aged=read_books(url),
            payments=self.record.list_payments(),
            event_ids=self.record.list_event_ids(),
            undelivered=self.record.list_undelivered(),
            journals=self.journals,
        )

    def _verify_ledger(self) -> None:
        try:
            self.stack.run("flask", "ledger", "verify")
        except AssertionError as error:
            self.report.problems.append(f"flask ledger verify: {error}")

"""The killer: SIGKILL to process groups at random moments, and PostgreSQL stopped in the middle of its work."""

import threading
from collections import Counter
from collections.abc import Callable

from tests.chaos.plan import Plan
from tests.chaos.servers import ChaosStack, Postgres

# Who dies together, and how often beside the others. The web server's group is its master and all its workers.
STRIKES = {
    ("web",): 60,
    ("web", "worker"): 8,
    ("web", "stripe"): 8,
    ("web", "postgresql"): 6,
    ("postgresql",): 8,
    ("stripe",): 5,
    ("worker",): 5,
}
# PostgreSQL comes first, because the web server is only ready when its database is.
ORDER_OF_START = ("postgresql", "stripe", "web", "worker")


class Killer(threading.Thread):
    """Strikes until the web server was killed `plan.kills` times; `deaths` counts them all.

    `may_strike` is asked before each strike, so that the kills spread over all of the traffic.
    """

    def __init__(
        self, plan: Plan, stack: ChaosStack, postgres: Postgres | None, may_strike: Callable[[int], bool]
    ) -> None:
        super().__init__(name="killer", daemon=True)
        self.deaths: Counter[str] = Counter()
        self.trouble: list[str] = []
        self._plan, self._stack, self._postgres, self._may_strike = plan, stack, postgres, may_strike
        self._dice = plan.dice("killer")
        self._is_over = threading.Event()

    @property
    def kills(self) -> int:
        return self.deaths["web"]

    def run(self) -> None:
        try:
            while self.kills < self._plan.kills and not self._is_over.wait(self._pause_seconds()):
                if self._may_strike(self.kills):
                    self._strike()
        except Exception as error:  # noqa: BLE001  (whatever it is, the run must end and say so)
            self.trouble.append(f"a server did not come back: {type(error).__name__}: {error}")

    def stop(self) -> None:
        """Strike no more; returns when everything is up again."""
        self._is_over.set()
        self.join()

    def _pause_seconds(self) -> float:
        return self._dice.uniform(0, self._plan.pause_seconds_max)

    def _strike(self) -> None:
        """Kill all victims, then start them again; returns when they are ready."""
        self.trouble += [f"{name} ended though nobody killed it" for name in self._stack.list_dead()]
        victims = self._choose()
        for name in victims:
            if name != "postgresql":
                self._stack.kill(name)
        for name in ORDER_OF_START:
            if name in victims:
                self._start(name)
                self.deaths[name] += 1

    def _choose(self) -> tuple[str, ...]:
        possible = [victims for victims in STRIKES if self._postgres or "postgresql" not in victims]
        (victims,) = self._dice.choices(possible, [STRIKES[one] for one in possible])
        return victims

    def _start(self, name: str) -> None:
        if name == "postgresql":
            assert self._postgres
            self._postgres.restart()
        elif name == "web":
            self._stack.start_web()
        elif name == "stripe":
            self._stack.start_stripe()
        else:
            self._stack.start_worker()

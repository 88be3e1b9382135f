"""The comparison: payapp and the baseline by turns, in rounds, so that a noisy moment hits both."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from statistics import median

import psutil

from bench.load import Burst, apply_load
from bench.loads import Load
from bench.plan import Plan

NAMES = ("payapp", "baseline")


@dataclass(frozen=True)
class Measured:
    """One load on one server: answers a second, and the CPU milliseconds that each cost the web and the database."""

    rate: float
    p99: float
    web_cpu: float
    database_cpu: float


@dataclass(frozen=True)
class Comparison:
    """What was measured, one a round; the n-th of both lists was measured one right after the other."""

    payapp: list[Measured] = field(default_factory=list)
    baseline: list[Measured] = field(default_factory=list)

    def ratios(self, figure: str) -> list[float]:
        """Return payapp's figure as a share of the baseline's, round by round."""
        pairs = zip(self.payapp, self.baseline, strict=True)
        return [getattr(ours, figure) / getattr(theirs, figure) for ours, theirs in pairs]

    def medians(self, figure: str) -> tuple[float, float]:
        """Return the median of payapp's figure, and of the baseline's."""
        ours, theirs = (median(getattr(each, figure) for each in side) for side in (self.payapp, self.baseline))
        return ours, theirs


# By the load's name.
Comparisons = dict[str, Comparison]


@dataclass(frozen=True)
class Servers:
    """The ports of the two web servers, and which processes work for each: the web's and the database's."""

    ports: Mapping[str, int]
    web: Mapping[str, psutil.Process]
    database: psutil.Process | None

    def measure(self, name: str, send: Callable[[int], Burst]) -> Measured:
        """Send the load to the server of this name. Raises AssertionError at an answer that is no success."""
        before = self._used(name)
        burst = send(self.ports[name])
        web, database = (after - earlier for after, earlier in zip(self._used(name), before, strict=True))
        each = 1000 / len(burst.took)
        return Measured(burst.rate, burst.p99, web * each, database * each)

    def _used(self, name: str) -> tuple[float, float]:
        return _cpu_seconds(self.web[name]), _cpu_seconds(self.database) if self.database else 0


def measure_loads(plan: Plan, clients: Executor, servers: Servers, loads: list[Load]) -> Comparisons:
    """Run the rounds, printing each figure. Raises AssertionError at the first answer that is no success."""
    comparisons: Comparisons = {load.name: Comparison() for load in loads}
    for number in range(0 if plan.has_warm_up else 1, plan.rounds + 1):
        print(f"  {f'round {number} of {plan.rounds}' if number else 'warming up'}:", flush=True)
        for load in loads:
            measured = {}
            # What runs first finds what the load before has left behind, so each is first by turns.
            for name in NAMES[:: -1 if number % 2 else 1]:
                send = partial(apply_load, clients, batches=load.prepare(), seconds=plan.load_seconds)
                measured[name] = servers.measure(name, send)
            _say(load.name, measured["payapp"], measured["baseline"])
            if number:
                comparisons[load.name].payapp.append(measured["payapp"])
                comparisons[load.name].baseline.append(measured["baseline"])
    return comparisons


def _say(name: str, ours: Measured, theirs: Measured) -> None:
    rates = f"{ours.rate:.0f}/s beside {theirs.rate:.0f}/s ({ours.rate / theirs.rate:.2f})"
    cpu = f"CPU ms {ours.web_cpu:.2f} + {ours.database_cpu:.2f} beside {theirs.web_cpu:.2f} + {theirs.database_cpu:.2f}"
    print(f"    {name:<30} {rates}, {cpu}, p99 {ours.p99:.0f} beside {theirs.p99:.0f} ms", flush=True)


def _cpu_seconds(process: psutil.Process) -> float:
    """Return what the process and its children have used, those that have ended included."""
    own = process.cpu_times()
    living = [child.cpu_times() for child in process.children(recursive=True)]
    return float(sum([*own[:4], *(seconds for child in living for seconds in child[:2])]))

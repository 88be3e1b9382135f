"""The comparison: payapp and the baseline by turns, in rounds, so that a noisy moment hits both."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

from bench.load import apply_load
from bench.loads import Load
from bench.plan import Plan


@dataclass(frozen=True)
class Comparison:
    """Rates a second, one a round; the n-th of both lists were measured one right after the other.

    `baseline` is empty where there is nothing to compare with.
    """

    payapp: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """payapp's rate as a share of the baseline's, round by round."""
        return divide(self.payapp, self.baseline)


# By the load's name.
Rates = dict[str, Comparison]


def divide(rates: Iterable[float], others: Iterable[float]) -> list[float]:
    """Return the ratios, round by round."""
    return [rate / other for rate, other in zip(rates, others, strict=True)]


def measure_rates(plan: Plan, clients: Executor, ports: Mapping[str, int], loads: list[Load]) -> Rates:
    """Run the rounds, printing each figure as it comes. `ports` are the servers', by name.

    Raises AssertionError at the first answer that is not a success.
    """

    def rate(server: str, load: Load) -> float:
        return apply_load(clients, ports[server], load.prepare(), plan.load_seconds).rate

    rates: Rates = {load.name: Comparison() for load in loads}
    for number in range(plan.rounds + 1):
        print(f"  {f'round {number} of {plan.rounds}' if number else 'warming up'}:", flush=True)
        for load in loads:
            # What runs first finds what the load before has left behind, so each is first by turns.
            servers = [load.server, "baseline"][:: -1 if number % 2 else 1] if load.has_baseline else [load.server]
            measured = {server: rate(server, load) for server in servers}
            ours, theirs = measured[load.server], measured.get("baseline")
            _say(load.name, ours, theirs)
            if number:
                rates[load.name].payapp.append(ours)
                rates[load.name].baseline.extend([theirs] if theirs else [])
    return rates


def _say(name: str, ours: float, theirs: float | None) -> None:
    beside = f" beside {theirs:.0f}/s ({ours / theirs:.2f})" if theirs else ""
    print(f"    {name:<32} {ours:.0f}/s{beside}", flush=True)

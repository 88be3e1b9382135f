"""The comparison: payapp and the baseline by turns, in rounds, so that a noisy moment hits both."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from statistics import median

from bench.load import apply_load
from bench.plan import Plan
from bench.seeding import Seeds, make_spends
from tests.journeys.person import Person


@dataclass(frozen=True)
class Ports:
    """Where the three servers listen: payapp, payapp with ready-made QR codes, and the baseline."""

    payapp: int
    undrawn: int
    baseline: int


@dataclass(frozen=True)
class Comparison:
    """Rates a second, one a round; the n-th of both lists were measured one right after the other."""

    payapp: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """payapp's rate as a share of the baseline's, round by round."""
        return [ours / theirs for ours, theirs in zip(self.payapp, self.baseline, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the rounds."""
        return median(self.ratios)


@dataclass(frozen=True)
class Rates:
    """What the rounds have measured. `drawn_spends` have no baseline: drawing is the feature's work, not payapp's."""

    webhooks: Comparison = field(default_factory=Comparison)
    spends: Comparison = field(default_factory=Comparison)
    drawn_spends: list[float] = field(default_factory=list)


def measure_rates(plan: Plan, clients: Executor, ports: Ports, seeds: Seeds, people: list[Person]) -> Rates:
    """Run the rounds, printing each as it ends. Raises AssertionError at the first answer that is not a 200."""

    def webhook_rate(port: int) -> float:
        return apply_load(clients, port, seeds.take_webhooks(plan.webhooks_each), plan.load_seconds).rate

    def spend_rate(port: int) -> float:
        return apply_load(clients, port, make_spends(people, plan.spends_each), plan.load_seconds).rate

    rates = Rates()
    _measure_round("warming up", Rates(), ports, webhook_rate, spend_rate)
    for number in range(1, plan.rounds + 1):
        _measure_round(f"round {number} of {plan.rounds}", rates, ports, webhook_rate, spend_rate)
    return rates


def _measure_round(
    title: str,
    rates: Rates,
    ports: Ports,
    webhook_rate: Callable[[int], float],
    spend_rate: Callable[[int], float],
) -> None:
    print(f"  {title + ':':<14}", end="", flush=True)
    _compare("webhooks", rates.webhooks, webhook_rate, ports.payapp, ports.baseline)
    _compare("spends", rates.spends, spend_rate, ports.undrawn, ports.baseline)
    rates.drawn_spends.append(spend_rate(ports.payapp))
    print(f"  drawn {rates.drawn_spends[-1]:.0f}/s", flush=True)


def _compare(name: str, comparison: Comparison, rate: Callable[[int], float], ours: int, theirs: int) -> None:
    comparison.payapp.append(rate(ours))
    comparison.baseline.append(rate(theirs))
    print(
        f"  {name} {comparison.payapp[-1]:.0f}/s beside {comparison.baseline[-1]:.0f}/s ({comparison.ratios[-1]:.2f})",
        end="",
        flush=True,
    )

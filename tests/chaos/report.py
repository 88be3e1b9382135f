"""What a run has to tell: how far it is, and in the end a table and its problems."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.checks import Evidence
from tests.chaos.journal import Line
from tests.chaos.plan import Plan
from tests.chaos.stripe_record import Deliveries

BAR_WIDTH = 24


@dataclass
class Report:
    """Figures of a run. `problems` is empty when all went well."""

    plan: Plan
    problems: list[str] = field(default_factory=list)
    deliveries: Deliveries = field(default_factory=lambda: Deliveries(0, 0, 0))
    deaths: Counter[str] = field(default_factory=Counter)
    deeds: Counter[tuple[str, str]] = field(default_factory=Counter)
    figures: list[tuple[str, str]] = field(default_factory=list)
    began_at: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began_at

    def count(self, lines: Sequence[Line], deaths: Counter[str]) -> None:
        """Take over what the clients and the killer have done so far."""
        self.deaths = Counter(deaths)
        self.deeds = Counter((line.deed, line.outcome) for line in lines)

    def describe(self, evidence: Evidence) -> None:
        """Take over what the stories say in the end."""
        charged = [payment for payment in evidence.payments if payment.money.charged]
        money = [payment.money for payment in charged]
        captures = sum(sum(one) for one in evidence.books.captures.values())
        self.figures = [
            ("events at Stripe", f"{len(evidence.event_ids)}"),
            ("events in the inbox", f"{len(evidence.books.events)}"),
            ("payments", f"{len(charged)}"),
            ("… refunded in part or whole", f"{sum(1 for one in money if one.refunded)}"),
            ("… disputed, money away", f"{sum(1 for one in money if one.disputed > one.reinstated)}"),
            ("credits left by the payments", f"{sum(grant.credits_left for grant in evidence.books.grants)}"),
            ("credits captured", f"{captures}"),
            ("holds left by dead spends, expired", f"{evidence.aged.holds['expired']}"),
        ]

    def render_progress(self) -> str:
        """Return one line: how far."""
        share = min(self.deaths["web"] / self.plan.kills, self.deliveries.delivered / self.plan.events, 1)
        bar = ("█" * int(share * BAR_WIDTH)).ljust(BAR_WIDTH, "·")
        return (
            f"  {bar} kills {self.deaths['web']}/{self.plan.kills}"
            f"  events {self.deliveries.delivered}/{self.plan.events} ({self.deliveries.pending} pending)"
            f"  spends {self.deeds['spend', 'acknowledged']}  {self.seconds:.0f} s"
        )

    def render(self) -> str:
        """Return the table, and the problems."""
        rows = [
            ("database", self.plan.engine),
            ("seed", str(self.plan.seed)),
            ("seconds", f"{self.seconds:.0f}"),
            *(
                (f"{name} killed" if name != "postgresql" else "PostgreSQL stopped at once", str(count))
                for name, count in sorted(self.deaths.items())
            ),
            ("webhooks answered 2xx", str(self.deliveries.delivered)),
            ("… of attempts", str(self.deliveries.attempts)),
            *((f"{deed}: {outcome}", str(count)) for (deed, outcome), count in sorted(self.deeds.items())),
            *self.figures,
        ]
        width = max(len(name) for name, _ in rows)
        table = "\n".join(f"  {name.ljust(width)}  {value:>10}" for name, value in rows)
        return f"{table}\n\n{self._verdict()}"

    def _verdict(self) -> str:
        if not self.problems:
            return "Nothing was lost, and nothing happened twice."
        listed = "\n".join(f"  - {problem}" for problem in self.problems)
        return f"FAILED (seed {self.plan.seed}):\n{listed}"

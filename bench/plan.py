"""How long and how much the benchmark runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """`load_seconds` for each load of each round, and never more than so many requests a connection.

    `starts` and `page_views` are how often start-up and pages are timed.
    """

    rounds: int
    has_warm_up: bool
    load_seconds: float
    webhooks_each: int
    spends_each: int
    starts: int
    page_views: int

    @property
    def purchases_each(self) -> int:
        """How many purchases a connection can use up: two loads a round."""
        return 2 * (self.rounds + self.has_warm_up) * self.webhooks_each


FULL = Plan(rounds=7, has_warm_up=True, load_seconds=1.5, webhooks_each=200, spends_each=300, starts=5, page_views=200)
QUICK = Plan(rounds=1, has_warm_up=False, load_seconds=0.2, webhooks_each=10, spends_each=25, starts=1, page_views=20)

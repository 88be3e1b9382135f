"""The loads: what is sent to payapp and to the baseline, and what share of the baseline's rate is aimed at."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.load import Requests
from bench.plan import Plan
from bench.seeding import Seeds, make_api_spends, make_balance_reads, make_held_spends, make_spends
from tests.journeys.person import Person


@dataclass(frozen=True)
class Load:
    """`name` is its row in the results; `prepare` makes fresh requests, a batch for each connection."""

    name: str
    ratio_min: float
    prepare: Callable[[], list[Requests]]


def make_loads(plan: Plan, seeds: Seeds, people: list[Person]) -> list[Load]:
    """Return the loads of a round, in their order."""
    each, keys = plan.spends_each, seeds.api_keys
    return [
        Load("Webhook grants", 0.75, lambda: seeds.take_webhooks(plan.webhooks_each)),
        Load("API spends, many accounts", 0.70, lambda: make_api_spends(keys, each)),
        Load("API spends, one hot account", 0.60, lambda: make_api_spends(keys[:1] * len(keys), each)),
        Load("API holds with their capture", 0.60, lambda: make_held_spends(keys, each)),
        Load("API balance reads", 0.75, lambda: make_balance_reads(keys, each)),
        Load("Feature spends", 0.50, lambda: make_spends(people, each)),
    ]

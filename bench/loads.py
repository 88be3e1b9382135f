"""The loads: what is sent to payapp and, of most, to the baseline too."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.load import Requests
from bench.plan import Plan
from bench.seeding import Seeds, make_api_spends, make_held_spends, make_spends
from tests.journeys.person import Person

API_SPENDS = "API spends, many accounts"
HOT_SPENDS = "API spends, one hot account"


@dataclass(frozen=True)
class Load:
    """`name` is its row in the results; `prepare` makes fresh requests, a batch for each connection.

    `server` is the payapp that gets them. Where `has_baseline` is False there is nothing to compare with.
    """

    name: str
    prepare: Callable[[], list[Requests]]
    server: str = "payapp"
    has_baseline: bool = True


def make_loads(plan: Plan, seeds: Seeds, people: list[Person]) -> list[Load]:
    """Return the loads of a round, in their order."""
    each, keys = plan.spends_each, seeds.api_keys
    return [
        Load("Webhook grants", lambda: seeds.take_webhooks(plan.webhooks_each)),
        Load("Feature spends", lambda: make_spends(people, each), server="undrawn"),
        Load("Feature spends with the drawing", lambda: make_spends(people, each), has_baseline=False),
        Load(API_SPENDS, lambda: make_api_spends(keys, each)),
        Load(HOT_SPENDS, lambda: make_api_spends(keys[:1] * len(keys), each)),
        Load("API holds with their capture", lambda: make_held_spends(keys, each)),
    ]

"""How webhooks of events to come are sent: as always, late, twice, never or shuffled."""

import json
import random
from dataclasses import asdict, dataclass, field

from fake_stripe.state.store import Store

MODES = ("normal", "late", "twice", "never", "shuffled")
_FACT = "delivery_plan"


@dataclass(frozen=True)
class DeliveryPlan:
    """Stripe promises neither order nor time nor once: https://docs.stripe.com/webhooks#event-ordering.

    late: `seconds` later; twice: now and `seconds` later; never: lost, unless resent; shuffled: each at some moment
    within `seconds`. `types` narrows it to these events; those of other types are sent as always.
    """

    mode: str = "normal"
    seconds: float = 0
    types: list[str] = field(default_factory=list)

    def moments(self, event_type: str) -> list[float]:
        """Return after how many seconds an event of this type is delivered, once for each time."""
        if self.types and event_type not in self.types:
            return [0]
        if self.mode == "shuffled":
            return [random.uniform(0, self.seconds)]  # noqa: S311  (order, not secrecy)
        return {"late": [self.seconds], "twice": [0.0, self.seconds], "never": []}.get(self.mode, [0.0])


def read_plan(store: Store) -> DeliveryPlan:
    """Return the plan in force."""
    kept = store.read_fact(_FACT)
    return DeliveryPlan(**json.loads(kept)) if kept else DeliveryPlan()


def write_plan(store: Store, plan: DeliveryPlan) -> None:
    """Put a plan in force for the events to come, until another one replaces it."""
    store.write_fact(_FACT, json.dumps(asdict(plan)))

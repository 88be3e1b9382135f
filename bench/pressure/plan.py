"""How much pressure there is, and for how long."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """`seconds` of webhooks; `people` do the same at once, `patrons` ask Stripe all the time meanwhile.

    A silent Stripe lets a call hang for `silent_seconds` and then closes the line.
    """

    seconds: int
    webhooks_a_second: int
    people: int
    patrons: int
    pages_a_second: int
    silent_seconds: float

    @property
    def webhooks(self) -> int:
        """How many events are brought."""
        return self.seconds * self.webhooks_a_second

    def lasting(self, seconds: int | None) -> "Plan":
        """Return the same for so many seconds; None leaves it as it is."""
        return replace(self, seconds=seconds) if seconds else self


FULL = Plan(seconds=300, webhooks_a_second=50, people=50, patrons=5, pages_a_second=30, silent_seconds=20)
QUICK = Plan(seconds=2, webhooks_a_second=10, people=3, patrons=1, pages_a_second=10, silent_seconds=0.2)

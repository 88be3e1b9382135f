"""How much chaos, and from which seed."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Plan:
    """`kills` of the web server's process group, and at least `events` webhooks delivered, on one engine.

    All dice are thrown from `seed`; the moments that depend on the machine's speed can't be repeated.
    `application` is what gunicorn serves: a sabotaged one shows that the checks can fail.
    """

    seed: int
    engine: str
    kills: int
    events: int
    application: str = "wsgi:app"

    @property
    def is_short(self) -> bool:
        """Whether seconds count, as in the tests: fewer people, fewer web workers to start, shorter pauses."""
        return self.kills < 50

    @property
    def shoppers(self) -> int:
        return 8 if self.is_short else 30

    @property
    def web_workers(self) -> int:
        return 2 if self.is_short else 3

    @property
    def pause_seconds_max(self) -> float:
        """The longest that the killer waits when everything is up."""
        return 0.8 if self.is_short else 2.0

    @property
    def seconds_max(self) -> float:
        """After so long the run has failed, however far it has come."""
        return 120 + 12 * self.kills + self.events / 10

    def dice(self, name: str) -> Random:
        """Return a source of randomness of its own for each part, so that no part disturbs another's."""
        return Random(f"{self.seed} {name}")

"""The stand-in's own clock, apart from the machine's so that it can be moved.

Stripe's test clocks move subscriptions only; this one moves everything: https://docs.stripe.com/billing/testing/test-clocks
"""

import time

from fake_stripe.state.store import Store

_OFFSET = "clock_offset_seconds"


class Clock:
    """Seconds since 1970, as Stripe stamps its objects. How far it was moved is kept with the state."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.offset_seconds = float(store.read_fact(_OFFSET) or 0)

    def now(self) -> float:
        """Return the present moment with fractions, for schedules."""
        return time.time() + self.offset_seconds

    def timestamp(self) -> int:
        """Return the present moment in whole seconds, for objects."""
        return int(self.now())

    def move_to(self, moment: float) -> None:
        """Go forward to this moment; it goes on from there. An earlier moment is ignored: time never goes back."""
        offset = moment - time.time()
        if offset > self.offset_seconds:
            self._store.write_fact(_OFFSET, str(offset))
            self.offset_seconds = offset

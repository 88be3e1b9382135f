"""The stand-in's own clock, apart from the machine's so that it can be moved."""

import time


class Clock:
    """Seconds since 1970, as Stripe stamps its objects."""

    def now(self) -> float:
        """Return the present moment with fractions, for schedules."""
        return time.time()

    def timestamp(self) -> int:
        """Return the present moment in whole seconds, for objects."""
        return int(self.now())

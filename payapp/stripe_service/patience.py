"""Trying again, with growing pauses, where nobody waits for the answer: reading lists and single objects.

The stripe package itself never repeats a 429, and it repeats the rest only as often as a waiting page allows.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_before_delay, wait_exponential_jitter

from payapp.stripe_types.objects import StripeUnavailableError

PAUSE_SECONDS_MAX = 16.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Patience:
    """How long a call is tried again: for `seconds_max` in all, the first time after `pause_seconds`."""

    seconds_max: float = 60.0
    pause_seconds: float = 0.5
    sleep: Callable[[float], None] = time.sleep

    def call(self, ask: Callable[[], Result]) -> Result:
        """Return what `ask` returns; tried again while it raises StripeUnavailableError, the last one is raised.

        Each pause is about twice the one before, with some chance in it so that many who were turned away do not
        come back together, and never shorter than Stripe asked for (Retry-After). A pause that would end after
        `seconds_max` is not begun. Source: https://docs.stripe.com/rate-limits#handling-limiting-gracefully
        """
        retrying = Retrying(
            retry=retry_if_exception_type(StripeUnavailableError),
            wait=self._pause,
            stop=stop_before_delay(self.seconds_max),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(ask)

    def _pause(self, state: RetryCallState) -> float:
        grown = wait_exponential_jitter(
            multiplier=self.pause_seconds, max=PAUSE_SECONDS_MAX, jitter=self.pause_seconds
        )(state)
        error = state.outcome.exception() if state.outcome else None
        asked_for = error.retry_after_seconds if isinstance(error, StripeUnavailableError) else None
        return max(grown, asked_for or 0)

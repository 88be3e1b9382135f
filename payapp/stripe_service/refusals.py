"""What Stripe refused: one line in the log for each, and the latest one for an operator's question."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from payapp.database.clock import utc_now
from payapp.stripe_types.objects import StripeRefusedError, StripeServiceError

RECENT = timedelta(hours=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusal:
    """A call that Stripe said no to: in Stripe's own short words, which hold no secret. Its sentence may hold a key."""

    at: datetime
    words: str


class Refusals:
    """The latest refusal of this process. Thread-safe: one assignment."""

    def __init__(self) -> None:
        self._latest: Refusal | None = None

    def note(self, error: StripeServiceError) -> None:
        """Write a failed call into the log; keep it when Stripe refused it, and did not merely fail to answer."""
        if not isinstance(error, StripeRefusedError):
            log.warning("Stripe gave no clear answer: %s, request %s", type(error).__name__, error.request_id)
            return
        words = f"{error.kind}, code {error.code}, param {error.param}"
        if not _is_usual(error):
            self._latest = Refusal(utc_now(), words)
        level = logging.WARNING if _is_usual(error) else logging.ERROR
        log.log(level, "Stripe refused a call: %s, request %s", words, error.request_id)

    def find_recent(self) -> Refusal | None:
        """Return the latest refusal, None when the last hour saw none."""
        latest = self._latest
        return latest if latest is not None and latest.at > utc_now() - RECENT else None


def _is_usual(error: StripeRefusedError) -> bool:
    """Whether it is about one customer alone: deleted in the dashboard, or with an address that Stripe doesn't take.

    A missing price never is.
    """
    is_gone = error.code == "resource_missing" and "price" not in (error.param or "")
    return is_gone or error.code == "email_invalid"

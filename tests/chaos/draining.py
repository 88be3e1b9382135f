"""The end of a run: Stripe's own retries bring everything that is still under way. Nothing is repaired."""

import time

import requests

from tests.chaos.stripe_record import StripeRecord

ANSWER_SECONDS_MAX = 60


def drain(stripe_url: str, record: StripeRecord, seconds: float) -> None:
    """Return when no delivery is pending and no payment or refund is under way. Raises TimeoutError.

    Retries back off to minutes and hours: the stand-in's clock goes forward to the next one.
    """
    _order(stripe_url, "deliveries/plan", mode="normal")
    deadline = time.monotonic() + seconds
    while (moment := record.next_moment()) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{record.count_deliveries().pending} deliveries still pending after {seconds:.0f} s")
        now = requests.get(f"{stripe_url}/_control/clock", timeout=ANSWER_SECONDS_MAX).json()["now"]
        if moment > now + 1:
            _order(stripe_url, "clock", forward_seconds=moment - now)
        time.sleep(0.1)


def _order(stripe_url: str, path: str, **body: object) -> None:
    requests.post(f"{stripe_url}/_control/{path}", json=body, timeout=ANSWER_SECONDS_MAX).raise_for_status()

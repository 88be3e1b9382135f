"""What a page says about a purchase: one state out of a few, and the address to poll while it may change."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from payapp.billing.checkout.purchases import PurchaseView
from payapp.database.clock import utc_now

State = Literal["open", "pending", "delayed", "settling", "done", "failed", "expired", "review"]

WAIT_SECONDS = 60


@dataclass(frozen=True)
class PurchaseNotice:
    """A purchase with the `state` its page shows; `poll_url` is set only while waiting makes sense."""

    id: int
    package_id: str
    package_name: str
    credits: int
    amount_total: int
    currency: str
    created_at: datetime
    fulfilled_at: datetime | None
    reference: str
    state: State
    poll_url: str | None = None


def state_of(purchase: PurchaseView, *, has_returned: bool, waited_seconds: float = 0) -> State:
    """Return what to tell the customer. `has_returned`: they come from the payment page, so money is on its way."""
    if purchase.status == "fulfilled":
        return "done"
    if purchase.status in ("failed", "expired"):
        return purchase.status
    if purchase.completed_at is not None:
        return "settling"
    if not has_returned:
        return "open"
    return "pending" if waited_seconds < WAIT_SECONDS else "delayed"


def build_notice(purchase: PurchaseView, state: State, poll_url: str | None = None) -> PurchaseNotice:
    """Return the notice for a purchase in `state`; it is polled only while `pending`."""
    return PurchaseNotice(
        id=purchase.id,
        package_id=purchase.package_id,
        package_name=purchase.package_name,
        credits=purchase.credits,
        amount_total=purchase.amount_total,
        currency=purchase.currency,
        created_at=purchase.created_at,
        fulfilled_at=purchase.fulfilled_at,
        reference=f"PA-{purchase.id:06d}",
        state=state,
        poll_url=poll_url if state == "pending" else None,
    )


def seconds_since(epoch_seconds: str) -> float:
    """Return how long ago a moment was, in seconds; 0 for the future, and for a text that is no moment."""
    if not (epoch_seconds.isascii() and epoch_seconds.isdecimal() and len(epoch_seconds) <= 12):
        return 0.0
    return max(0.0, utc_now().timestamp() - int(epoch_seconds))

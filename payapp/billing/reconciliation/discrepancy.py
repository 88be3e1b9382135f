"""What reconcile() yields: one thing on which Stripe and our books do not agree."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

Kind = Literal[
    "missing_grant",  # paid at Stripe, but its credits were never granted
    "missing_purchase",  # paid at Stripe, ours, and we have no purchase of it
    "missing_session",  # granted, but the purchase does not know its Checkout session
    "stuck_pending",  # closed or completed at Stripe, and we were never told
    "unpaid_grant",  # granted, but not paid at Stripe
    "missing_refund",  # a refund that we don't know, or know only the beginning of
    "missing_dispute",  # a dispute, likewise
    "disagreement",  # amount, currency, customer …: two stories that can't both be true
    "unknown_at_stripe",  # we know an object that Stripe does not
    "unreadable",  # an object of ours that we can't read
    "wrong_grant",  # a grant that is not what its purchase says
    "extra_grant",  # a grant without its purchase
    "wrong_clawback",  # more or fewer credits are taken back than money went back
    "unknown_cause",  # an entry that nothing known to us has caused
    "ledger",  # the book breaks a law of its own
    "event",  # an event that was kept and not applied
    "customer",  # a user whom Stripe does not know, or knows by an old address
]

Remedy = Callable[[Session], object]


@dataclass(frozen=True)
class Discrepancy:
    """`about`: Stripe's id, or ours (`entry 12`). `amount` is the money at risk, in minor units of `currency`.

    `credits` is what the customer has too few of (above zero) or too many (below). `remedy` puts it right with the
    very functions that the webhooks use, and does not commit; None when staff must decide.
    """

    kind: Kind
    about: str
    sentence: str
    purchase_id: int | None = None
    user_id: int | None = None
    amount: int = 0
    currency: str | None = None
    credits: int = 0
    remedy: Remedy | None = None


def about_purchase(
    kind: Kind, about: str, sentence: str, purchase: Any, *, credits: int = 0, remedy: Remedy | None = None
) -> Discrepancy:
    """Return a discrepancy that puts all the money of a purchase at risk; none where it was never paid."""
    return Discrepancy(
        kind,
        about,
        sentence,
        purchase_id=purchase.id,
        user_id=purchase.user_id,
        amount=0 if kind == "stuck_pending" else purchase.amount_total,
        currency=purchase.currency,
        credits=credits,
        remedy=remedy,
    )

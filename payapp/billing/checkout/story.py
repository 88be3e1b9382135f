"""The whole story of a purchase: what was told about its money, and what became of its credits. Reading only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.billing.errors import UnknownPurchaseError
from payapp.billing.models import Purchase, grant_key
from payapp.billing.returns.facts import DISPUTES, REFUNDS
from payapp.billing.returns.returned_money import ReturnedMoney, find_returned_money
from payapp.database.base import table_of
from payapp.ledger.balances import list_grant_entries

PURCHASES = table_of(Purchase)

Kind = Literal["started", "completed", "refund", "dispute", "entry"]

ENTRY_WORDS = {
    "grant": "Credits added",
    "clawback": "Credits taken back",
    "reinstatement": "Credits given back",
}


@dataclass(frozen=True)
class Moment:
    """One line of the story: `credits` moved (0: none), `amount` in minor units (None: no money), Stripe's id."""

    at: datetime
    kind: Kind
    text: str
    credits: int = 0
    amount: int | None = None
    stripe_id: str | None = None


@dataclass(frozen=True)
class PurchaseStory:
    """A purchase's money and credits, and its moments, oldest first. `credits_left`: granted less taken back."""

    purchase_id: int
    currency: str
    returned: ReturnedMoney
    credits_left: int
    moments: list[Moment]

    @property
    def has_returns(self) -> bool:
        """Whether anything was ever told of money that goes back, even if it came again."""
        return any(moment.kind in ("refund", "dispute") for moment in self.moments) or self.returned.refunded > 0

    @property
    def stripe_ids(self) -> list[str]:
        """The Stripe objects of the story."""
        return [moment.stripe_id for moment in self.moments if moment.stripe_id]


def tell_story(session: Session, purchase_id: int) -> PurchaseStory:
    """Return the story of a purchase. Raises UnknownPurchaseError."""
    purchase = session.execute(select(PURCHASES).where(PURCHASES.c.id == purchase_id)).one_or_none()
    if purchase is None:
        raise UnknownPurchaseError(purchase_id)
    entries = list_grant_entries(session, grant_key(purchase_id))
    entry_moments = [
        Moment(entry.created_at, "entry", ENTRY_WORDS[entry.entry_type], entry.amount) for entry in entries
    ]
    moments = [*_beginnings(purchase), *_returns(session, purchase), *entry_moments]
    return PurchaseStory(
        purchase_id=purchase_id,
        currency=purchase.currency,
        returned=find_returned_money(session, purchase),
        credits_left=sum(entry.amount for entry in entries),
        moments=sorted(moments, key=lambda moment: moment.at),
    )


def _beginnings(purchase: Any) -> Iterator[Moment]:
    session_id = purchase.stripe_checkout_session_id
    yield Moment(purchase.created_at, "started", "Checkout opened", 0, purchase.amount_total, session_id)
    if purchase.completed_at:
        text = "Paid" if purchase.status == "fulfilled" else "Payment under way"
        payment = purchase.stripe_payment_intent_id
        yield Moment(purchase.completed_at, "completed", text, 0, purchase.amount_total, payment)


def _returns(session: Session, purchase: Any) -> Iterator[Moment]:
    payment = purchase.stripe_payment_intent_id
    for table, kind in ((REFUNDS, "refund"), (DISPUTES, "dispute")):
        for row in session.execute(select(table).where(table.c.stripe_payment_intent_id == payment)):
            status = row.status.removeprefix("warning_").replace("needs_response", "open").replace("_", " ")
            stripe_id = row.stripe_refund_id if kind == "refund" else row.stripe_dispute_id
            words = "Inquiry" if row.status.startswith("warning") else kind.capitalize()
            yield Moment(row.created_at, kind, f"{words}: {status}", 0, row.amount, stripe_id)  # type: ignore[arg-type]

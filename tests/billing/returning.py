"""Telling the core what Stripe says of one purchase's money, and reading what became of its credits."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import fulfill_checkout
from payapp.billing.models import Purchase
from payapp.billing.returns.clawbacks import record_charge, record_dispute, record_refund
from payapp.ledger.models import LedgerEntry
from payapp.stripe_types.objects import CheckoutSession
from payapp.stripe_types.returns import Charge, Dispute, Refund
from tests.factories import (
    charge_object,
    checkout_session_object,
    dispute_object,
    make_purchase,
    make_user,
    refund_object,
)


class Sale:
    """One purchase (500 credits for 39.00 unless told otherwise), and all that Stripe may tell of it."""

    def __init__(self, session: Session, package_id: str = "growth", *, is_paid: bool = True) -> None:
        self.session = session
        self.purchase: Purchase = make_purchase(session, make_user(session), package_id)
        self.user_id = self.purchase.user_id
        if is_paid:
            self.pay()

    def pay(self) -> None:
        fulfill_checkout(self.session, CheckoutSession.from_object(checkout_session_object(self.purchase)))

    def refund(self, amount: int, status: str = "succeeded", refund_id: str = "re_1", **fields: Any) -> bool:
        told = refund_object(self.purchase, refund_id, amount=amount, status=status, **fields)
        return record_refund(self.session, Refund.from_object(told), livemode=False)

    def charge(self, amount_refunded: int, **fields: Any) -> bool:
        return record_charge(self.session, Charge.from_object(charge_object(self.purchase, amount_refunded, **fields)))

    def dispute(self, status: str = "needs_response", **fields: Any) -> bool:
        return record_dispute(self.session, Dispute.from_object(dispute_object(self.purchase, status, **fields)))

    @property
    def credits(self) -> int:
        """What is left of the purchase: the sum of all its user's entries."""
        return sum(amount for amount, _ in self.entries)

    @property
    def entries(self) -> list[tuple[int, str]]:
        """The user's entries, oldest first: credits and idempotency key."""
        columns = (LedgerEntry.amount, LedgerEntry.idempotency_key)
        rows = self.session.execute(
            select(*columns).where(LedgerEntry.user_id == self.user_id).order_by(LedgerEntry.id)
        )
        return [(amount, key) for amount, key in rows]

"""What a refund would do: how much can go back, and how many credits go with it. Reading only."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.billing.errors import RefundRefusedError, UnknownPurchaseError
from payapp.billing.models import Purchase, grant_key
from payapp.billing.returns.returned_money import ReturnedMoney, credits_to_take_back, find_returned_money
from payapp.database.base import table_of
from payapp.ledger.balances import get_balance
from payapp.ledger.posting import find_grant

PURCHASES = table_of(Purchase)


@dataclass(frozen=True)
class RefundPlan:
    """What a refund of `amount` minor units would do: `credits` go back, and so many would then be available.

    `available_after` below zero is a debt: the customer has spent what is refunded.
    """

    purchase_id: int
    user_id: int
    amount: int
    currency: str
    credits: int
    available_after: int
    is_of_unspent: bool


def plan_refund(session: Session, purchase_id: int, amount: int | None = None) -> RefundPlan:
    """Return what refunding `amount` minor units would do; all that is left of the payment when None.

    Reads only. Raises UnknownPurchaseError, and RefundRefusedError for what can't be refunded: a purchase that was
    never paid or is disputed (Stripe refuses that), and more than is left of it.
    """
    purchase, returned, taken_back = _get_refundable(session, purchase_id)
    left = purchase.amount_total - returned.refunded
    amount = left if amount is None else amount
    if not 1 <= amount <= left:
        raise RefundRefusedError(f"{left} of purchase {purchase_id} can be refunded, not {amount}")
    return _plan(session, purchase, returned, taken_back, amount, is_of_unspent=False)


def plan_unspent_refund(session: Session, purchase_id: int) -> RefundPlan:
    """Return what refunding exactly the unspent part of a purchase would do; like plan_refund().

    Unspent are as many credits as are available, of those that the purchase gave and that were not taken back. Where a
    minor unit is worth several credits, the amount is rounded down, so that no spent credit is ever taken.
    """
    purchase, returned, taken_back = _get_refundable(session, purchase_id)
    unspent = min(purchase.credits - taken_back, get_balance(session, purchase.user_id).available)
    amount = _worth(purchase, taken_back + max(unspent, 0)) - returned.refunded
    if unspent < 1 or amount < 1:
        raise RefundRefusedError(f"nothing of purchase {purchase_id} is unspent")
    return _plan(session, purchase, returned, taken_back, amount, is_of_unspent=True)


def get_purchase(session: Session, purchase_id: int) -> Any:
    """Return the row of a purchase. Raises UnknownPurchaseError."""
    purchase = session.execute(select(PURCHASES).where(PURCHASES.c.id == purchase_id)).one_or_none()
    if purchase is None:
        raise UnknownPurchaseError(purchase_id)
    return purchase


def _get_refundable(session: Session, purchase_id: int) -> tuple[Any, ReturnedMoney, int]:
    """Return the purchase, what went back of its payment, and the credits taken back."""
    purchase = get_purchase(session, purchase_id)
    standing = find_grant(session, grant_key(purchase_id))
    if standing is None or purchase.stripe_payment_intent_id is None:
        raise RefundRefusedError(f"purchase {purchase_id} was not paid: it is {purchase.status}")
    returned = find_returned_money(session, purchase)
    if returned.disputed:
        raise RefundRefusedError(f"purchase {purchase_id} is disputed: the bank has its money already")
    return purchase, returned, standing.taken_back


def _plan(
    session: Session, purchase: Any, returned: ReturnedMoney, taken_back: int, amount: int, *, is_of_unspent: bool
) -> RefundPlan:
    after = ReturnedMoney(returned.refunded + amount, returned.disputed)
    credits = credits_to_take_back(purchase.credits, purchase.amount_total, after) - taken_back
    available = get_balance(session, purchase.user_id).available
    return RefundPlan(
        purchase_id=purchase.id,
        user_id=purchase.user_id,
        amount=amount,
        currency=purchase.currency,
        credits=credits,
        available_after=available - credits,
        is_of_unspent=is_of_unspent,
    )


def _worth(purchase: Any, credits: int) -> int:
    """Return the least amount that takes `credits` back, or where there is none the most that takes no more."""
    paid, granted = purchase.amount_total, purchase.credits
    amount = -(-paid * credits // granted)  # rounded up
    return int(amount if granted * amount // paid == credits else paid * credits // granted)

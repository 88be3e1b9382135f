"""Refunds that staff ask for: first what one would do, then the refund itself.

Our own row comes first, committed, with the idempotency key of the call; nothing is locked while Stripe works. What
the refund does to the credits is told by clawbacks.py, whoever made it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.billing.customers import KEY_IS_REMEMBERED
from payapp.billing.errors import RefundRefusedError, UnknownPurchaseError
from payapp.billing.models import IS_OPEN_REQUEST, Purchase, RefundRequest, grant_key
from payapp.billing.returns.clawbacks import record_refund
from payapp.billing.returns.returned_money import ReturnedMoney, credits_to_take_back, find_returned_money
from payapp.database.base import insert_into, table_of
from payapp.database.clock import utc_now
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import HoldNotOpenError, InsufficientCreditsError
from payapp.ledger.holds import place_hold, release_hold
from payapp.ledger.posting import find_grant
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import BurntKeyError, StripeRefusedError, StripeServiceError
from payapp.stripe_types.returns import Refund

PURCHASES, REQUESTS = table_of(Purchase), table_of(RefundRequest)
REFUSAL_LENGTH_MAX = 500
HOLD_FEATURE = "refund"


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


def refund_purchase(session: Session, stripe: StripeService, plan: RefundPlan) -> Refund:
    """Make the refund at Stripe and take its credits back. Commits, several times.

    One refund of a purchase at a time: a repeated call after a lost answer finds the first one. When the plan is of
    unspent credits they are set aside meanwhile, so that nobody spends them. Raises RefundRefusedError,
    StripeRefusedError and StripeUnavailableError (it may have happened: repeat the same call).
    """
    purchase = _get_purchase(session, plan.purchase_id)
    hold_id = _set_aside(session, plan)
    request = _open_request(session, plan)
    session.commit()
    try:
        refund = _reach_refund(session, stripe, purchase, request)
    except StripeServiceError:
        _let_go(session, hold_id)
        session.commit()
        raise
    session.execute(update(REQUESTS).where(REQUESTS.c.id == request.id).values(stripe_refund_id=refund.id))
    _let_go(session, hold_id)  # before the claw-back: holds are locked before accounts
    record_refund(session, refund, livemode=purchase.livemode)
    session.commit()
    return refund


def _get_purchase(session: Session, purchase_id: int) -> Any:
    purchase = session.execute(select(PURCHASES).where(PURCHASES.c.id == purchase_id)).one_or_none()
    if purchase is None:
        raise UnknownPurchaseError(purchase_id)
    return purchase


def _get_refundable(session: Session, purchase_id: int) -> tuple[Any, ReturnedMoney, int]:
    """Return the purchase, what went back of its payment, and the credits taken back."""
    purchase = _get_purchase(session, purchase_id)
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


def _set_aside(session: Session, plan: RefundPlan) -> int | None:
    if not (plan.is_of_unspent and plan.credits):
        return None
    try:
        return place_hold(session, plan.user_id, plan.credits, feature=HOLD_FEATURE).id
    except InsufficientCreditsError as error:
        raise RefundRefusedError("some of these credits have been spent meanwhile: look again") from error


def _let_go(session: Session, hold_id: int | None) -> None:
    if hold_id is None:
        return
    try:
        release_hold(session, hold_id)
    except HoldNotOpenError:
        return  # Stripe took longer than holds last: it expired by itself


def _open_request(session: Session, plan: RefundPlan) -> Any:
    """Return the purchase's one open request, made now if there is none."""
    session.execute(
        insert_into(session, RefundRequest)
        .values(
            purchase_id=plan.purchase_id,
            amount=plan.amount,
            stripe_refund_key=f"refund:{uuid4()}",
            created_at=utc_now(),
        )
        .on_conflict_do_nothing()
    )
    request = session.execute(
        select(REQUESTS).where(REQUESTS.c.purchase_id == plan.purchase_id, IS_OPEN_REQUEST)
    ).one_or_none()
    if request is None or request.amount != plan.amount:
        session.rollback()
        begun = f" of {request.amount}" if request else ""
        raise RefundRefusedError(f"a refund{begun} is under way, its answer unknown: repeat that one first")
    return request


def _reach_refund(session: Session, stripe: StripeService, purchase: Any, request: Any) -> Refund:
    """Return the refund of this request, made now unless an earlier call made it."""
    payment, key = purchase.stripe_payment_intent_id, request.stripe_refund_key
    found: Refund | None = None
    if utc_now() - request.created_at > KEY_IS_REMEMBERED:
        found = stripe.find_refund(payment, key)
    try:
        return found or stripe.create_refund(payment, request.amount, idempotency_key=key)
    except BurntKeyError as error:
        found = stripe.find_refund(payment, key)
        if found is None:
            _refuse(session, request, str(error))
            raise
        return found
    except StripeRefusedError as error:
        _refuse(session, request, str(error))
        raise


def _refuse(session: Session, request: Any, reason: str) -> None:
    session.execute(
        update(REQUESTS)
        .where(REQUESTS.c.id == request.id)
        .values(refused_at=utc_now(), refusal=reason[:REFUSAL_LENGTH_MAX])
    )

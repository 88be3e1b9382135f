"""Closing the payment pages of a user who deletes the account: nobody shall pay for credits that nobody can spend."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import PURCHASES, expire_purchase, fulfill_checkout
from payapp.billing.errors import PaymentUnderWayError, QuarantineError
from payapp.database.clock import utc_now
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import StripeRefusedError

# A call to Stripe takes ten seconds at most: a purchase without a session is of one that has failed by then.
OPENING = timedelta(minutes=1)
# No slow payment takes longer; what is pending still is for staff: https://docs.stripe.com/payments/bank-debits
SETTLING_MAX = timedelta(days=30)

PENDING = select(PURCHASES).where(PURCHASES.c.status == "pending").order_by(PURCHASES.c.id)


def close_checkouts(session: Session, stripe: StripeService, user_id: int) -> None:
    """Expire the user's open payment pages, at Stripe and with us. Commits.

    One that turns out to be paid is fulfilled, as its webhook would do. Raises PaymentUnderWayError for it, and for one
    whose page is being opened just now; StripeUnavailableError when Stripe can't be asked: then nobody knows.
    """
    purchases = session.execute(PENDING.where(PURCHASES.c.user_id == user_id)).all()
    session.commit()
    for purchase in purchases:
        if purchase.completed_at is None:
            _close(session, stripe, purchase)
    require_no_payment_under_way(session, user_id)


def require_no_payment_under_way(session: Session, user_id: int) -> None:
    """Raise PaymentUnderWayError when a payment page of the user is open, or a slow payment is being settled."""
    for purchase in session.execute(PENDING.where(PURCHASES.c.user_id == user_id)):
        if purchase.completed_at is None or purchase.completed_at > utc_now() - SETTLING_MAX:
            raise PaymentUnderWayError(purchase.id)


def _close(session: Session, stripe: StripeService, purchase: Any) -> None:
    if purchase.stripe_checkout_session_id is None:
        if purchase.created_at > utc_now() - OPENING:
            raise PaymentUnderWayError(purchase.id)
    else:
        _close_at_stripe(session, stripe, purchase)
    expire_purchase(session, purchase.id)
    session.commit()


def _close_at_stripe(session: Session, stripe: StripeService, purchase: Any) -> None:
    """Expire the page; what was paid on it until then is granted."""
    try:
        stripe.expire_checkout_session(purchase.stripe_checkout_session_id)
    except StripeRefusedError:
        _settle(session, stripe, purchase)


def _settle(session: Session, stripe: StripeService, purchase: Any) -> None:
    """The page is not open any more: expired by itself, finished, or unknown to Stripe."""
    try:
        found = stripe.get_checkout_session(purchase.stripe_checkout_session_id)
    except StripeRefusedError as error:
        if error.code != "resource_missing":
            raise
        return
    if found.status != "complete":
        return
    try:
        fulfill_checkout(session, found)
        session.commit()
    except QuarantineError:
        session.rollback()  # its webhook is in quarantine, for staff to look at
    raise PaymentUnderWayError(purchase.id)

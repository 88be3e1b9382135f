"""Deleting the Stripe customer of a user who has deleted the account; Stripe keeps what was paid.

Commits before it calls Stripe, as customers.py does. Until Stripe has answered the user's row keeps what is needed to
find the customer, its address included; then nothing of that is left.
"""

from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from payapp.billing.customers import PUSH_LASTS_MAX, read_user_key
from payapp.billing.models import customers
from payapp.database.clock import utc_now
from payapp.stripe_service import StripeService

MAY_BE_KNOWN = or_(customers.c.stripe_customer_id.is_not(None), customers.c.stripe_customer_requested_at.is_not(None))
IS_TO_DELETE = and_(customers.c.deleted_at.is_not(None), MAY_BE_KNOWN)


def delete_customer(session: Session, stripe: StripeService, user_id: int, *, is_quick: bool = False) -> bool:
    """Delete the customer of a deleted user at Stripe, and forget it; False for any other user. Commits.

    Harmless when it is gone already. One that was asked for, and of which nobody has heard, is looked for; not before
    the call can have ended, so that it is not made afterwards: the next sync does that. `is_quick`: give up after about
    two seconds. Raises StripeUnavailableError or StripeRefusedError; the sync tries again.
    """
    user = session.execute(select(customers).where(customers.c.id == user_id)).one()
    session.commit()
    if user.deleted_at is None:
        return False
    customer_id: str | None = user.stripe_customer_id
    if customer_id is None:
        if user.stripe_customer_requested_at is None or user.stripe_customer_requested_at > utc_now() - PUSH_LASTS_MAX:
            return True
        key = read_user_key(user.stripe_customer_key)
        customer_id = stripe.find_customer(user.stripe_customer_email or "", key, user.stripe_customer_requested_at)
    if customer_id is not None:
        stripe.delete_customer(customer_id, is_quick=is_quick)
    _forget(session, user)
    session.commit()
    return True


def _forget(session: Session, user: Any) -> None:
    """Nothing is left that leads to a customer; unless one was saved meanwhile, which the next sync deletes."""
    is_same = customers.c.stripe_customer_id.is_not_distinct_from(user.stripe_customer_id)
    session.execute(
        update(customers)
        .where(customers.c.id == user.id, is_same)
        .values(stripe_customer_id=None, stripe_customer_requested_at=None, stripe_customer_email=None)
    )

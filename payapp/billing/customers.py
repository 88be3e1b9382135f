"""One Stripe customer for each user, made once, whoever asks and however often.

Commits before it calls Stripe: no row lock and no connection waits for the network, and our row, with the
idempotency key of the call, exists before the customer does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.billing.models import customers
from payapp.clock import utc_now
from payapp.stripe_objects import StripeServiceError
from payapp.stripe_service import StripeService

# Stripe may forget an idempotency key after 24 h: https://docs.stripe.com/api/idempotent_requests
KEY_IS_REMEMBERED = timedelta(hours=23)


@dataclass(frozen=True)
class SyncResult:
    """What became of one user: the customer's id, or why there is none yet."""

    user_id: int
    stripe_customer_id: str | None
    error: str | None


def ensure_customer(session: Session, stripe: StripeService, user_id: int, *, is_quick: bool = False) -> str:
    """Return the user's Stripe customer id, made now if there is none. Commits; holds nothing while Stripe works.

    Two processes at once, or a crash after Stripe's answer, still end with one customer: the call carries the
    user's own idempotency key, and once Stripe may have forgotten the key, the customer is looked for first.
    `is_quick`: give up after about two seconds. Raises StripeUnavailableError or StripeRefusedError; the next
    caller tries again.
    """
    user = session.execute(select(customers).where(customers.c.id == user_id)).one()
    if user.stripe_customer_id:
        return str(user.stripe_customer_id)
    session.execute(
        update(customers)
        .where(customers.c.id == user_id, customers.c.stripe_customer_requested_at.is_(None))
        .values(stripe_customer_requested_at=utc_now())
    )
    session.commit()
    found = None
    requested_at = user.stripe_customer_requested_at
    if requested_at is not None and utc_now() - requested_at > KEY_IS_REMEMBERED:
        found = stripe.find_customer(user.email, user.stripe_customer_key)
    customer_id = found or stripe.create_customer(user.email, user.id, user.stripe_customer_key, is_quick=is_quick)
    session.execute(
        update(customers)
        .where(customers.c.id == user_id, customers.c.stripe_customer_id.is_(None))
        .values(stripe_customer_id=customer_id)
    )
    session.commit()
    return customer_id


def list_users_without_customer(session: Session) -> Sequence[int]:
    """Return the ids of the users whom Stripe does not know yet, oldest first."""
    statement = select(customers.c.id).where(customers.c.stripe_customer_id.is_(None)).order_by(customers.c.id)
    return session.scalars(statement).all()


def sync_customers(session: Session, stripe: StripeService, user_ids: Sequence[int]) -> Iterator[SyncResult]:
    """Make the missing customers one by one; a failure is yielded, not raised, and the next user is tried."""
    for user_id in user_ids:
        try:
            yield SyncResult(user_id, ensure_customer(session, stripe, user_id), None)
        except StripeServiceError as error:
            session.rollback()
            yield SyncResult(user_id, None, str(error))

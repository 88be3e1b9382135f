"""One Stripe customer for each user, made once, whoever asks and however often.

Commits before it calls Stripe: no row lock and no connection waits for the network, and our row, with the
idempotency key of the call, exists before the customer does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.billing.models import customers
from payapp.clock import utc_now
from payapp.stripe_objects import BurntKeyError, StripeServiceError, StripeUnavailableError
from payapp.stripe_service import StripeService

# Stripe may forget an idempotency key after 24 h: https://docs.stripe.com/api/idempotent_requests
KEY_IS_REMEMBERED = timedelta(hours=23)
UNREACHABLE_IN_A_ROW_MAX = 3


@dataclass(frozen=True)
class SyncResult:
    """What became of one user: the customer's id, or why there is none yet."""

    user_id: int
    stripe_customer_id: str | None
    error: str | None


def ensure_customer(session: Session, stripe: StripeService, user_id: int, *, is_quick: bool = False) -> str:
    """Return the user's Stripe customer id, made now if there is none. Commits; holds nothing while Stripe works.

    Two processes at once, or a crash after Stripe's answer, still end with one customer: the call carries an
    idempotency key from the user's own row, and once Stripe may have forgotten the key, or repeats a failure
    under it, the customer is looked for first. `is_quick`: give up after about two seconds. Raises
    StripeUnavailableError or StripeRefusedError; the next caller tries again.
    """
    user = _begin_request(session, user_id)
    if user.stripe_customer_id:
        return str(user.stripe_customer_id)
    user_key = _user_key(user.stripe_customer_key)
    requested_at = user.stripe_customer_requested_at
    customer_id: str | None = None
    if requested_at is not None and utc_now() - requested_at > KEY_IS_REMEMBERED:
        customer_id = stripe.find_customer(user.email, user_key)
    try:
        customer_id = customer_id or stripe.create_customer(
            user.email, user.id, user_key, user.stripe_customer_key, is_quick=is_quick
        )
    except BurntKeyError:
        customer_id = stripe.find_customer(user.email, user_key)
        if customer_id is None:
            _renew_key(session, user)
            raise
    return _save_customer(session, user_id, customer_id)


def list_users_without_customer(session: Session) -> Sequence[int]:
    """Return the ids of the users whom Stripe does not know yet, oldest first."""
    statement = select(customers.c.id).where(customers.c.stripe_customer_id.is_(None)).order_by(customers.c.id)
    return session.scalars(statement).all()


def sync_customers(session: Session, stripe: StripeService, user_ids: Sequence[int]) -> Iterator[SyncResult]:
    """Make the missing customers one by one; a failure is yielded, not raised, and the next user is tried.

    Ends early when Stripe can't be reached for several users in a row: waiting for every one of thousands would
    take hours and help nobody.
    """
    unreachable_in_a_row = 0
    for user_id in user_ids:
        try:
            yield SyncResult(user_id, ensure_customer(session, stripe, user_id), None)
            unreachable_in_a_row = 0
        except StripeServiceError as error:
            session.rollback()
            unreachable_in_a_row += isinstance(error, StripeUnavailableError)
            yield SyncResult(user_id, None, str(error))
        if unreachable_in_a_row == UNREACHABLE_IN_A_ROW_MAX:
            return


def _get_customer(session: Session, user_id: int) -> Any:
    return session.execute(select(customers).where(customers.c.id == user_id)).one()


def _begin_request(session: Session, user_id: int) -> Any:
    """Return the row as it was, having noted when its customer was first asked for. Commits."""
    user = _get_customer(session, user_id)
    if user.stripe_customer_id is None and user.stripe_customer_requested_at is None:
        session.execute(
            update(customers)
            .where(customers.c.id == user_id, customers.c.stripe_customer_requested_at.is_(None))
            .values(stripe_customer_requested_at=utc_now())
        )
    session.commit()
    return user


def _user_key(idempotency_key: str) -> str:
    """Return what stays the same when the key is renewed: `customer:<uuid>` of `customer:<uuid>:2`."""
    return ":".join(idempotency_key.split(":")[:2])


def _renew_key(session: Session, user: Any) -> None:
    """Give the user another key, unless another process did. Commits."""
    _, _, number = user.stripe_customer_key.removeprefix("customer:").partition(":")
    renewed = f"{_user_key(user.stripe_customer_key)}:{int(number or 1) + 1}"
    session.execute(
        update(customers)
        .where(customers.c.id == user.id, customers.c.stripe_customer_key == user.stripe_customer_key)
        .values(stripe_customer_key=renewed)
    )
    session.commit()


def _save_customer(session: Session, user_id: int, customer_id: str) -> str:
    """Save the id, unless another process did; return the one that stands. Commits."""
    session.execute(
        update(customers)
        .where(customers.c.id == user_id, customers.c.stripe_customer_id.is_(None))
        .values(stripe_customer_id=customer_id)
    )
    saved = str(_get_customer(session, user_id).stripe_customer_id)
    session.commit()
    return saved

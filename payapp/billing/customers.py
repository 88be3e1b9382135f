"""One Stripe customer for each user, made once, whoever asks and however often, and given each new address.

Commits before it calls Stripe: no row lock and no connection waits for the network, and our row, with the
idempotency key and the address of the call, exists before the customer does.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from payapp.billing.errors import DeletedUserError
from payapp.billing.models import customers
from payapp.database.clock import utc_now
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import BurntKeyError, StripeRefusedError, StripeUnavailableError

# Stripe may forget an idempotency key after 24 h: https://docs.stripe.com/api/idempotent_requests
KEY_IS_REMEMBERED = timedelta(hours=23)
# Longer than one call can take, its one repetition included: after that nothing of it is still on its way.
PUSH_LASTS_MAX = timedelta(minutes=1)

log = logging.getLogger(__name__)

IS_REFUSED = customers.c.stripe_refused_email.is_not_distinct_from(customers.c.email)
HAS_NEW_EMAIL = and_(
    customers.c.stripe_customer_email.is_distinct_from(customers.c.email), ~IS_REFUSED, customers.c.deleted_at.is_(None)
)


def ensure_customer(session: Session, stripe: StripeService, user_id: int, *, is_quick: bool = False) -> str:
    """Return the user's Stripe customer id, made now if there is none. Commits; holds nothing while Stripe works.

    Two processes at once, or a crash after Stripe's answer, still end with one customer: the call carries an
    idempotency key from the user's own row, and once Stripe may have forgotten the key, or repeats a failure
    under it, the customer is looked for first. It is made, and looked for, with the address of the first request,
    whatever the user's address is by now: push_email() follows. With an address that Stripe refuses it is made
    without one: nobody is kept from buying by Stripe's taste. `is_quick`: give up after about two seconds.
    Raises StripeUnavailableError or StripeRefusedError; the next caller tries again. And DeletedUserError.
    """
    user = _begin_request(session, user_id)
    if user.stripe_customer_id:
        return str(user.stripe_customer_id)
    email, user_key = user.stripe_customer_email, read_user_key(user.stripe_customer_key)
    requested_at: datetime = user.stripe_customer_requested_at
    customer_id: str | None = None
    if utc_now() - requested_at > KEY_IS_REMEMBERED:
        customer_id = stripe.find_customer(email, user_key, requested_at)
    try:
        customer_id = customer_id or stripe.create_customer(
            email, user.id, user_key, user.stripe_customer_key, is_quick=is_quick
        )
    except BurntKeyError:
        customer_id = stripe.find_customer(email, user_key, requested_at)
        if customer_id is None:
            _renew_key(session, user)
            raise
    except StripeRefusedError as error:
        if error.param != "email" or not email:
            raise
        _note_refusal(session, user)
        return ensure_customer(session, stripe, user_id, is_quick=is_quick)
    return _save_customer(session, user, customer_id)


def forget_customer(session: Session, customer_id: str) -> bool:
    """Let the user of a customer that was deleted at Stripe have none; the next one who asks gets a new one made.

    False when the customer is nobody's: a stranger's, or forgotten before. Never commits.
    """
    gone = session.execute(
        update(customers)
        .where(customers.c.stripe_customer_id == customer_id)
        .values(
            stripe_customer_id=None,
            # Fresh (as auth.models.new_customer_key makes it): the old key would bring the deleted customer back.
            stripe_customer_key=f"customer:{uuid4()}",
            stripe_customer_requested_at=None,
            stripe_customer_email=None,
        )
        .returning(customers.c.id)
    )
    return gone.one_or_none() is not None


def push_email(session: Session, stripe: StripeService, user_id: int) -> bool:
    """Give the user's customer today's address, if it has another; return whether Stripe took it. Commits.

    One call at a time for each user, so that the address sent last is the last to arrive: while the customer's
    address is unknown (NULL) others leave the user alone, for a minute at most should the process die. A customer
    that was deleted at Stripe is forgotten. One that Stripe refuses is not sent again, and the customer keeps the old
    one. Raises StripeUnavailableError or StripeRefusedError.
    """
    push = _begin_push(session, user_id)
    if push is None:
        return False
    # A key for each push: under one made from the address, a change there and back would be replayed, not made.
    key = f"customer-email:{push.stripe_customer_id}:{uuid4()}"
    try:
        stripe.update_customer_email(push.stripe_customer_id, push.email, idempotency_key=key)
    except StripeRefusedError as error:
        if error.code == "resource_missing":
            forget_customer(session, push.stripe_customer_id)
            session.commit()
            return False
        refused = {"stripe_refused_email": push.email} if error.param == "email" else {}
        _end_push(session, push, stripe_customer_requested_at=None, **refused)  # nothing is on its way: no need to wait
        raise
    _end_push(session, push, stripe_customer_email=push.email)
    return True


def _get_customer(session: Session, user_id: int) -> Any:
    return session.execute(select(customers).where(customers.c.id == user_id)).one()


def _begin_request(session: Session, user_id: int) -> Any:
    """Note when the customer was first asked for, and with which address (empty: none); return the row. Commits."""
    user = _get_customer(session, user_id)
    if user.deleted_at is not None:
        raise DeletedUserError(user_id)
    if user.stripe_customer_id is None and None in (user.stripe_customer_requested_at, user.stripe_customer_email):
        session.execute(
            update(customers)
            .where(customers.c.id == user_id, customers.c.stripe_customer_id.is_(None))
            .values(
                stripe_customer_requested_at=func.coalesce(customers.c.stripe_customer_requested_at, utc_now()),
                stripe_customer_email=func.coalesce(
                    customers.c.stripe_customer_email, case((IS_REFUSED, ""), else_=customers.c.email)
                ),
            )
        )
        user = _get_customer(session, user_id)
    session.commit()
    return user


def _note_refusal(session: Session, user: Any) -> None:
    """Forget a request whose address Stripe refused, and note the address. Commits.

    No customer can have been made with it. The next request is another one, so it gets another key.
    """
    log.warning("Stripe does not take the e-mail address of user %s: their customer is made without one", user.id)
    session.execute(
        update(customers)
        .where(
            customers.c.id == user.id,
            customers.c.stripe_customer_id.is_(None),
            customers.c.stripe_customer_email == user.stripe_customer_email,
        )
        .values(
            stripe_refused_email=user.stripe_customer_email,
            stripe_customer_email=None,
            stripe_customer_requested_at=None,
            stripe_customer_key=_next_key(user.stripe_customer_key),
        )
    )
    session.commit()


def read_user_key(idempotency_key: str) -> str:
    """Return what stays the same when the key is renewed: `customer:<uuid>` of `customer:<uuid>:2`."""
    return ":".join(idempotency_key.split(":")[:2])


def _next_key(idempotency_key: str) -> str:
    """Return `customer:<uuid>:3` of `customer:<uuid>:2`."""
    _, _, number = idempotency_key.removeprefix("customer:").partition(":")
    return f"{read_user_key(idempotency_key)}:{int(number or 1) + 1}"


def _renew_key(session: Session, user: Any) -> None:
    """Give the user another key, unless another process did. Commits."""
    renewed = _next_key(user.stripe_customer_key)
    session.execute(
        update(customers)
        .where(customers.c.id == user.id, customers.c.stripe_customer_key == user.stripe_customer_key)
        .values(stripe_customer_key=renewed)
    )
    session.commit()


def _save_customer(session: Session, user: Any, customer_id: str) -> str:
    """Save the id, unless another process did; return the one that stands. Commits.

    Not when the key has changed for good: the customer we asked for was made by others, deleted and forgotten.
    """
    is_same_request = customers.c.stripe_customer_key.startswith(
        read_user_key(user.stripe_customer_key), autoescape=True
    )
    session.execute(
        update(customers)
        .where(customers.c.id == user.id, customers.c.stripe_customer_id.is_(None), is_same_request)
        .values(stripe_customer_id=customer_id)
    )
    saved = _get_customer(session, user.id).stripe_customer_id
    session.commit()
    if saved is None:
        raise StripeUnavailableError(f"customer {customer_id} was deleted while it was being made")
    return str(saved)


def _begin_push(session: Session, user_id: int) -> Any:
    """Take up the push of this user's address; None when there is none, or another process is at it. Commits."""
    now = utc_now()
    is_free = or_(
        customers.c.stripe_customer_email.is_not(None),
        customers.c.stripe_customer_requested_at.is_(None),
        customers.c.stripe_customer_requested_at < now - PUSH_LASTS_MAX,
    )
    push = session.execute(
        update(customers)
        .where(
            customers.c.id == user_id,
            customers.c.stripe_customer_id.is_not(None),
            HAS_NEW_EMAIL,
            is_free,
        )
        .values(stripe_customer_email=None, stripe_customer_requested_at=now)
        .returning(*customers.c)
    ).one_or_none()
    session.commit()
    return push


def _end_push(session: Session, push: Any, **values: Any) -> None:
    """Save how the push ended, unless another process took it over meanwhile. Commits."""
    session.execute(
        update(customers)
        .where(
            customers.c.id == push.id,
            customers.c.stripe_customer_id == push.stripe_customer_id,
            customers.c.stripe_customer_email.is_(None),
            customers.c.stripe_customer_requested_at == push.stripe_customer_requested_at,
        )
        .values(**values)
    )
    session.commit()

"""Opening a Checkout session: our row first, committed; then Stripe; then the session's id on our row.

Double clicks and lost answers lead to the same session, because the row carries the idempotency key of the
call that makes it, and a user has one open Checkout a package at most (a partial unique index).
"""

import logging
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import expire_purchase, fail_purchase, fulfill_checkout
from payapp.billing.checkout.storefront import Storefront, build_request
from payapp.billing.customers import ensure_customer, forget_customer
from payapp.billing.errors import (
    CheckoutCompleteError,
    CheckoutUnavailableError,
    DeletedUserError,
    PriceMismatchError,
    QuarantineError,
)
from payapp.billing.models import IS_OPEN_CHECKOUT, Purchase, customers, new_checkout_key
from payapp.billing.packages import Package
from payapp.database.base import insert_into
from payapp.database.clock import utc_now
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import BurntKeyError, CheckoutSession, StripeRefusedError

# Shorter than Stripe's memory of idempotency keys (24 h), so that a call repeated after the key is
# forgotten can't open a second session beside a first that could still be paid.
CHECKOUT_LIFETIME = timedelta(hours=12)
# Stripe wants at least 30 minutes: https://docs.stripe.com/api/checkout/sessions/create
CHECKOUT_LIFETIME_MIN = timedelta(minutes=35)
ATTEMPTS = 3

log = logging.getLogger(__name__)


def start_checkout(
    session: Session, stripe: StripeService, storefront: Storefront, user_id: int, package: Package
) -> str:
    """Return the address of an open Checkout page where the user can pay for `package`. Commits, several times.

    An open page of this user and package is used again. One that turns out to be paid is fulfilled, as its webhook
    would do, and CheckoutCompleteError raised: who has not heard of the first time shall not pay twice. The next call
    opens a new one. A customer that turns out to be deleted is replaced. Raises StripeUnavailableError,
    StripeRefusedError, PriceMismatchError (Stripe would charge something else: the session is closed again),
    CheckoutUnavailableError and DeletedUserError. Nothing is ever charged here.
    """
    for _ in range(ATTEMPTS):
        customer_id = ensure_customer(session, stripe, user_id)
        _require_user(session, user_id)
        purchase = _open_purchase(session, user_id, package, customer_id, stripe.is_livemode)
        session.commit()
        if purchase is None:
            continue
        checkout_session = _reach_checkout_session(session, stripe, storefront, purchase, package)
        if checkout_session is None:
            continue
        if checkout_session.status == "open" and _is_current(purchase, package, customer_id):
            _save_checkout_session(session, purchase.id, checkout_session)
            session.commit()
            _require_price(session, stripe, purchase, checkout_session)
            return _require_url(checkout_session)
        _close(session, stripe, purchase, checkout_session)
        session.commit()
        if checkout_session.status == "complete":
            raise CheckoutCompleteError(checkout_session.id)
    raise CheckoutUnavailableError(f"no open Checkout page for user {user_id} after {ATTEMPTS} attempts")


def _require_user(session: Session, user_id: int) -> None:
    """Raise DeletedUserError. Until the commit nobody deletes the user: they wait, and then find the purchase."""
    user = select(customers.c.deleted_at).where(customers.c.id == user_id).with_for_update(read=True, key_share=True)
    if session.execute(user).scalar_one() is not None:
        raise DeletedUserError(user_id)


def _open_purchase(session: Session, user_id: int, package: Package, customer_id: str, livemode: bool) -> Any:
    """Return the user's one open purchase of the package, made now if there is none.

    None when another process closed it between our two statements: look again.
    """
    too_old = utc_now() + CHECKOUT_LIFETIME_MIN
    session.execute(
        update(Purchase)
        .where(
            Purchase.user_id == user_id,
            Purchase.package_id == package.id,
            IS_OPEN_CHECKOUT,
            Purchase.stripe_checkout_session_id.is_(None),
            Purchase.checkout_expires_at < too_old,
        )
        .values(status="expired")
    )
    session.execute(
        insert_into(session, Purchase)
        .values(
            user_id=user_id,
            package_id=package.id,
            credits=package.credits,
            amount_total=package.unit_amount,
            currency=package.currency,
            livemode=livemode,
            status="pending",
            stripe_customer_id=customer_id,
            stripe_checkout_key=new_checkout_key(),
            checkout_expires_at=utc_now() + CHECKOUT_LIFETIME,
            created_at=utc_now(),
        )
        .on_conflict_do_nothing()
    )
    return session.execute(
        select(Purchase.__table__).where(
            Purchase.user_id == user_id, Purchase.package_id == package.id, IS_OPEN_CHECKOUT
        )
    ).one_or_none()


def _reach_checkout_session(
    session: Session, stripe: StripeService, storefront: Storefront, purchase: Any, package: Package
) -> CheckoutSession | None:
    """Return the purchase's Checkout session as it is now. Made here, it is the same one for all who race.

    None when there is none and never will be: the purchase is then closed, and a new one may be begun.
    """
    if purchase.stripe_checkout_session_id:
        return _find_checkout_session(session, stripe, purchase)
    try:
        return stripe.create_checkout_session(build_request(storefront, purchase, package))
    except BurntKeyError:
        _fail(session, purchase)  # if there is a session nevertheless, nobody was ever given its address
        return None
    except StripeRefusedError as error:
        _fail(session, purchase)  # Stripe may keep the refusal under this key, whatever is corrected meanwhile
        if (error.code, error.param) != ("resource_missing", "customer"):
            raise
        forget_customer(session, purchase.stripe_customer_id)  # deleted, and its event is late or lost
        session.commit()
        return None


def _find_checkout_session(session: Session, stripe: StripeService, purchase: Any) -> CheckoutSession | None:
    """Return the Checkout session we know of; None, with the purchase closed, when Stripe knows it no longer."""
    try:
        return stripe.get_checkout_session(purchase.stripe_checkout_session_id)
    except StripeRefusedError as error:
        if error.code != "resource_missing":
            raise
        _fail(session, purchase)
        return None


def _fail(session: Session, purchase: Any) -> None:
    fail_purchase(session, purchase.id)
    session.commit()


def _is_current(purchase: Any, package: Package, customer_id: str) -> bool:
    """Whether the open purchase still is what the package list says today, for the customer of today."""
    return (purchase.credits, purchase.amount_total, purchase.currency, purchase.stripe_customer_id) == (
        package.credits,
        package.unit_amount,
        package.currency,
        customer_id,
    )


def _save_checkout_session(session: Session, purchase_id: int, checkout_session: CheckoutSession) -> None:
    session.execute(
        update(Purchase)
        .where(Purchase.id == purchase_id, Purchase.stripe_checkout_session_id.is_(None))
        .values(stripe_checkout_session_id=checkout_session.id, checkout_expires_at=checkout_session.expires_at)
    )


def _require_price(session: Session, stripe: StripeService, purchase: Any, checkout_session: CheckoutSession) -> None:
    """Catch a wrong price now, before anybody pays it."""
    found = (checkout_session.amount_total, checkout_session.currency)
    if found == (purchase.amount_total, purchase.currency):
        return
    _fail(session, purchase)
    stripe.expire_checkout_session(checkout_session.id)
    raise PriceMismatchError(
        purchase.package_id, f"{purchase.amount_total} {purchase.currency}", f"{found[0]} {found[1]}"
    )


def _require_url(checkout_session: CheckoutSession) -> str:
    if not checkout_session.url:
        raise CheckoutUnavailableError(f"Checkout session {checkout_session.id} is open but has no address")
    return checkout_session.url


def _close(session: Session, stripe: StripeService, purchase: Any, checkout_session: CheckoutSession) -> None:
    """Take the purchase out of the way of a new one: paid meanwhile, expired, or outdated."""
    _save_checkout_session(session, purchase.id, checkout_session)
    if checkout_session.status == "complete":
        _fulfill(session, purchase, checkout_session)
        return
    if checkout_session.status == "open":
        session.commit()
        stripe.expire_checkout_session(checkout_session.id)
    expire_purchase(session, purchase.id)


def _fulfill(session: Session, purchase: Any, checkout_session: CheckoutSession) -> None:
    """Fulfill, or leave to staff what does not agree with our books: it stays pending, but out of the way."""
    try:
        fulfill_checkout(session, checkout_session)
    except QuarantineError as error:
        session.rollback()
        log.error("needs staff: %s", error)
        _save_checkout_session(session, purchase.id, checkout_session)
        session.execute(
            update(Purchase)
            .where(Purchase.id == purchase.id, Purchase.completed_at.is_(None))
            .values(completed_at=utc_now())
        )

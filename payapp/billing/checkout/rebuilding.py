"""A paid Checkout session of ours whose purchase row is missing (a restored backup): make the row again.

Only when the app's stamp, the user, that user's own customer, the package and its price all agree.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase, customers, grant_key, new_checkout_key
from payapp.billing.packages import Package, find_package
from payapp.database.base import insert_into
from payapp.database.clock import utc_now
from payapp.ledger.posting import find_grant
from payapp.stripe_types.objects import APP_STAMP, CheckoutSession


def rebuild_purchase(session: Session, checkout_session: CheckoutSession) -> Any:
    """Insert and return a purchase row made from what we once sent along with this Checkout session.

    Raises QuarantineError when anything in it does not agree with our users and packages, and when the row alone is
    gone but its grant stands: the new row's id would be the key of a second one. Two processes at
    once get the same row. It gets an id of its own: the old id may have been given to another purchase since.
    """
    package = find_package(checkout_session.metadata.get("packageId"))
    user_id = read_id(checkout_session.metadata.get("userId"))
    if package is None or not _is_ours(session, checkout_session, package, user_id):
        raise QuarantineError(f"{checkout_session.id} has no purchase, and its metadata does not agree with our books")
    _require_ungranted(session, checkout_session, user_id)
    now = utc_now()
    session.execute(
        insert_into(session, Purchase)
        .values(
            user_id=user_id,
            package_id=package.id,
            credits=package.credits,
            amount_total=package.unit_amount,
            currency=package.currency,
            livemode=checkout_session.livemode,
            status="pending",
            stripe_customer_id=checkout_session.customer_id,
            stripe_checkout_key=new_checkout_key(),
            stripe_checkout_session_id=checkout_session.id,
            checkout_expires_at=checkout_session.expires_at,
            created_at=now,
            completed_at=now,  # outside the rule of one open Checkout a package
        )
        .on_conflict_do_nothing()
    )
    table = Purchase.__table__
    return session.execute(select(table).where(table.c.stripe_checkout_session_id == checkout_session.id)).one()


def read_id(value: str | None) -> int | None:
    """Return the row id that a metadata text holds, None if it can't be one."""
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) < 19 else None


def _require_ungranted(session: Session, checkout_session: CheckoutSession, user_id: int | None) -> None:
    """A purchase that has the named id today is another one: after a restored backup ids are given away again."""
    named = read_id(checkout_session.metadata.get("purchaseId"))
    standing = find_grant(session, grant_key(named))
    if standing is None or standing.user_id != user_id:
        return
    if session.execute(select(Purchase.id).where(Purchase.id == named)).first() is None:
        raise QuarantineError(f"{checkout_session.id} has no purchase, but entry {standing.entry_id} has granted it")


def _is_ours(session: Session, checkout_session: CheckoutSession, package: Package, user_id: int | None) -> bool:
    metadata = checkout_session.metadata
    customer_id = session.execute(select(customers.c.stripe_customer_id).where(customers.c.id == user_id)).scalar()
    return (
        metadata.get("app") == APP_STAMP
        and customer_id is not None
        and customer_id == checkout_session.customer_id
        and metadata.get("credits") == str(package.credits)
        and (checkout_session.amount_total, checkout_session.currency) == (package.unit_amount, package.currency)
    )

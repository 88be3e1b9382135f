"""Reading purchases for the people who made them, and asking Stripe about one that is not settled yet."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import expire_checkout, fulfill_checkout
from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase, PurchaseStatus
from payapp.billing.packages import find_package
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import StripeServiceError


@dataclass(frozen=True)
class PurchaseView:
    """A purchase as its owner sees it. `completed_at` set and `pending`: a slow payment is under way."""

    id: int
    package_id: str
    credits: int
    amount_total: int
    currency: str
    status: PurchaseStatus
    stripe_checkout_session_id: str | None
    created_at: datetime
    completed_at: datetime | None
    fulfilled_at: datetime | None

    @property
    def package_name(self) -> str:
        """The package's name today, or its id when it is sold no longer."""
        package = find_package(self.package_id)
        return package.name if package else self.package_id


log = logging.getLogger(__name__)

COLUMNS = [getattr(Purchase, name) for name in PurchaseView.__dataclass_fields__]


def find_purchase(session: Session, user_id: int, purchase_id: int) -> PurchaseView | None:
    """Return this user's purchase; None if there is none, also when it is somebody else's."""
    return _find(session, Purchase.user_id == user_id, Purchase.id == purchase_id)


def find_purchase_by_checkout_session(session: Session, user_id: int, checkout_session_id: str) -> PurchaseView | None:
    """Return this user's purchase with that Checkout session; None if there is none, or it is not theirs."""
    return _find(session, Purchase.user_id == user_id, Purchase.stripe_checkout_session_id == checkout_session_id)


def find_latest_purchase(session: Session, user_id: int) -> PurchaseView | None:
    """Return the user's newest purchase, None if they never began one."""
    return _find(session, Purchase.user_id == user_id)


def list_purchases(session: Session, purchase_ids: Iterable[int]) -> dict[int, PurchaseView]:
    """Return the purchases with these ids, by id."""
    ids = list(purchase_ids)
    if not ids:
        return {}
    rows = session.execute(select(*COLUMNS).where(Purchase.id.in_(ids)))
    return {row.id: PurchaseView(*row) for row in rows}


def settle_with_stripe(session: Session, stripe: StripeService, checkout_session_id: str) -> bool:
    """Ask Stripe how this Checkout session stands, and do what its webhook would do. Commits.

    For a return page whose webhook is late or lost. Returns True when staff must look at it (the session does
    not agree with our books). When Stripe can't be reached nothing changes: the webhook will come.
    """
    session.commit()
    try:
        checkout_session = stripe.get_checkout_session(checkout_session_id, is_quick=True)
    except StripeServiceError as error:
        log.warning("could not ask about %s: %s", checkout_session_id, error)
        return False
    try:
        settle = expire_checkout if checkout_session.status == "expired" else fulfill_checkout
        settle(session, checkout_session)
        session.commit()
    except QuarantineError as error:
        session.rollback()
        log.error("needs staff: %s", error)
        return True
    return False


def _find(session: Session, *conditions: ColumnElement[bool]) -> PurchaseView | None:
    row = session.execute(select(*COLUMNS).where(*conditions).order_by(Purchase.id.desc()).limit(1)).one_or_none()
    return PurchaseView(*row) if row is not None else None

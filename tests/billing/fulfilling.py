"""What the tests of fulfillment say in one word."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import Outcome, fulfill_checkout
from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance
from payapp.stripe_types.objects import CheckoutSession
from tests.factories import checkout_session_object


def read(purchase: Purchase, **fields: Any) -> CheckoutSession:
    return CheckoutSession.from_object(checkout_session_object(purchase, **fields))


def fulfill(session: Session, purchase: Purchase, **fields: Any) -> Outcome:
    """Fulfill with the purchase's session, paid unless `fields` say otherwise, and commit."""
    outcome = fulfill_checkout(session, read(purchase, **fields))
    session.commit()
    return outcome


def quarantines(session: Session, purchase: Purchase, **fields: Any) -> bool:
    """Whether the session is refused, with nothing granted and the purchase as it was."""
    status, posted = purchase.status, get_balance(session, purchase.user_id).posted
    with pytest.raises(QuarantineError):
        fulfill_checkout(session, read(purchase, **fields))
    session.rollback()
    return (purchase.status, get_balance(session, purchase.user_id).posted) == (status, posted)


def posted_of(session: Session, purchase: Purchase) -> int:
    return get_balance(session, purchase.user_id).posted


def count_of_purchases(session: Session) -> int:
    return session.scalars(select(func.count()).select_from(Purchase)).one()

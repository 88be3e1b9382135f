"""Somebody of the staff at their desk, and somebody whom they look after."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import fulfill_checkout
from payapp.billing.checkout.purchases import find_latest_purchase
from payapp.billing.checkout.starting import start_checkout
from payapp.billing.checkout.storefront import Storefront
from payapp.billing.packages import get_package
from payapp.features.once import FIELD
from payapp.web.services import get_stripe
from tests.factories import make_user
from tests.people import Visitor, become_staff
from tests.stand_in import StandIn


@pytest.fixture
def staff(app: Flask, session: Session) -> Visitor:
    """A browser in which one of the staff is logged in."""
    visitor = Visitor(app.test_client())
    become_staff(visitor, session)
    return visitor


@pytest.fixture
def customer_id(session: Session) -> int:
    """A user with 100 credits."""
    return make_user(session, email="ada@example.com", credits=100).id


@pytest.fixture
def paid_id(stripe: StandIn, session: Session) -> int:
    """A purchase of 500 credits for $39.00, paid at the stand-in."""
    user = make_user(session, email="eve.purchases@example.com", stripe_customer_id=None)
    start_checkout(session, get_stripe(), Storefront("https://shop.example", {}), user.id, get_package("growth"))
    purchase = find_latest_purchase(session, user.id)
    assert purchase is not None
    assert purchase.stripe_checkout_session_id is not None
    stripe.pay(purchase.stripe_checkout_session_id)
    fulfill_checkout(session, get_stripe().get_checkout_session(purchase.stripe_checkout_session_id))
    session.commit()
    return purchase.id


def sent(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Return the fields of a form that has a reason; of the same number it is the same form."""
    return {"note": "ticket 7", FIELD: f"form-{number}", **fields}

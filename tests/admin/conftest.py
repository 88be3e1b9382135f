"""Somebody of the staff at their desk, and somebody whom they look after."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.features.once import FIELD
from payapp.web.services import get_stripe
from tests.billing.shop import buy_growth
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
    purchase_id = buy_growth(session, get_stripe(), stripe, user.id)
    session.commit()
    return purchase_id


def sent(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Return the fields of a form that has a reason; of the same number it is the same form."""
    return {"note": "ticket 7", FIELD: f"form-{number}", **fields}

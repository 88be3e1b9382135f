"""Fixtures of the webhooks' tests."""

import pytest
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from tests.factories import make_purchase, make_user


@pytest.fixture
def purchase(session: Session) -> Purchase:
    """A pending purchase of 500 credits, beside that of somebody else."""
    make_purchase(session, make_user(session))
    return make_purchase(session, make_user(session))

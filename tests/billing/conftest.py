"""What tests of buying begin with."""

import os
import signal
from collections.abc import Callable
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.database.base import expect_writes
from payapp.stripe_service import StripeService
from payapp.web.services import get_stripe
from tests.billing.reconciling import Town
from tests.billing.shop import Shop
from tests.factories import make_user
from tests.stand_in import StandIn
from tests.warm import run_warm

DieAfterStripe = Callable[[str, int], None]


@pytest.fixture
def user(stripe: StandIn, session: Session) -> User:
    """Somebody whom Stripe does not know yet, with an address of this test's own."""
    return make_user(session, email=f"ada.{uuid4().hex}@example.com", stripe_customer_id=None)


@pytest.fixture
def service(app: Flask, session: Session) -> StripeService:
    """The application's Stripe service."""
    return get_stripe()


@pytest.fixture
def shop(session: Session, service: StripeService, user: User) -> Shop:
    """Buying for `user`, who has bought nothing yet."""
    return Shop(session, service, user.id)


@pytest.fixture
def die_after_stripe(settings: dict[str, str], session: Session) -> DieAfterStripe:
    """Run a process that is killed between Stripe's answer and its own commit: see tests/billing/dying.py."""

    def die(deed: str, user_id: int) -> None:
        session.rollback()  # what this process has read is about to change
        status, printed = run_warm("tests.billing.dying", [deed, str(user_id)], {**os.environ, **settings})
        assert status == -signal.SIGKILL, printed

    return die


@pytest.fixture
def town(session: Session) -> Town:
    """A user with a purchase that is paid and granted, and a Stripe that knows it."""
    expect_writes()
    town = Town(session)
    town.buy()
    return town

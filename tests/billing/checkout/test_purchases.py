"""Purchases as their owner sees them, and asking Stripe about one that is not settled."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.checkout.purchases import (
    find_latest_purchase,
    find_purchase,
    find_purchase_by_checkout_session,
    list_purchases,
    settle_with_stripe,
)
from payapp.billing.models import Purchase
from payapp.database.base import expect_writes
from payapp.ledger.balances import get_balance
from payapp.stripe_service import StripeService
from tests.factories import make_purchase, make_user
from tests.stand_in import GET_CHECKOUT_SESSION, StandIn


def test_find_returns_the_owners_purchase(session: Session) -> None:
    user = make_user(session)
    make_purchase(session, user, "starter")
    purchase = make_purchase(session, user, "pro")
    found = find_purchase(session, user.id, purchase.id)
    assert found is not None
    assert (found.id, found.package_id, found.package_name, found.credits) == (purchase.id, "pro", "Pro", 1500)
    assert (found.amount_total, found.currency, found.status) == (9900, "usd", "pending")


def test_find_returns_nothing_of_somebody_else(session: Session) -> None:
    owner, stranger = make_user(session), make_user(session)
    purchase = make_purchase(session, owner)
    assert find_purchase(session, stranger.id, purchase.id) is None
    checkout_session_id = str(purchase.stripe_checkout_session_id)
    assert find_purchase_by_checkout_session(session, stranger.id, checkout_session_id) is None
    assert find_purchase_by_checkout_session(session, owner.id, checkout_session_id) is not None
    assert find_latest_purchase(session, stranger.id) is None


def test_find_latest_returns_the_newest(session: Session) -> None:
    user = make_user(session)
    make_purchase(session, user, "starter")
    newest = make_purchase(session, user, "pro")
    make_purchase(session, make_user(session))
    latest = find_latest_purchase(session, user.id)
    assert latest is not None
    assert latest.id == newest.id


def test_list_returns_them_by_id(session: Session) -> None:
    user = make_user(session)
    first, second = make_purchase(session, user, "starter"), make_purchase(session, user, "pro")
    make_purchase(session, user, "growth")
    assert set(list_purchases(session, [first.id, second.id])) == {first.id, second.id}
    assert list_purchases(session, []) == {}


def test_a_package_that_is_sold_no_longer_goes_by_its_id(session: Session) -> None:
    user = make_user(session)
    purchase = make_purchase(session, user, package_id="starter")
    purchase.package_id = "summer_sale"
    session.commit()
    found = find_purchase(session, user.id, purchase.id)
    assert found is not None
    assert found.package_name == "summer_sale"


class Order:
    """A pending purchase with a Checkout session at the stand-in."""

    def __init__(self, stripe: StandIn, session: Session, service: StripeService, user: User, **changed: Any) -> None:
        self.stripe, self.session, self.service = stripe, session, service
        self.user_id = user.id
        customer = stripe.post("/v1/customers", email=user.email)["id"]
        params = {
            "mode": "payment",
            "customer": customer,
            "line_items[0][quantity]": 1,
            "line_items[0][price_data][currency]": "usd",
            "line_items[0][price_data][unit_amount]": 3900,
            "line_items[0][price_data][product_data][name]": "Growth",
            "success_url": "http://localhost/",
        }
        self.checkout_session_id = stripe.post("/v1/checkout/sessions", **params | changed)["id"]
        self.purchase = make_purchase(
            session, user, stripe_checkout_session_id=self.checkout_session_id, stripe_customer_id=customer
        )

    def settle(self) -> tuple[bool, str, int]:
        """Return whether staff must look, and then the purchase's status and the balance."""
        expect_writes()
        needs_staff = settle_with_stripe(self.session, self.service, self.checkout_session_id)
        self.session.expire_all()
        purchase = self.session.get_one(Purchase, self.purchase.id)
        return needs_staff, purchase.status, get_balance(self.session, self.user_id).posted


def test_settle_grants_what_was_paid(stripe: StandIn, session: Session, service: StripeService, user: User) -> None:
    order = Order(stripe, session, service, user)
    stripe.pay(order.checkout_session_id)
    assert order.settle() == (False, "fulfilled", 500)
    assert order.settle() == (False, "fulfilled", 500)


def test_settle_waits_for_what_is_open(stripe: StandIn, session: Session, service: StripeService, user: User) -> None:
    assert Order(stripe, session, service, user).settle() == (False, "pending", 0)


def test_settle_closes_what_expired(stripe: StandIn, session: Session, service: StripeService, user: User) -> None:
    order = Order(stripe, session, service, user)
    stripe.post(f"/v1/checkout/sessions/{order.checkout_session_id}/expire")
    assert order.settle() == (False, "expired", 0)


def test_settle_notes_a_slow_payment(stripe: StandIn, session: Session, service: StripeService, user: User) -> None:
    order = Order(stripe, session, service, user)
    stripe.pay(order.checkout_session_id, "settles")
    assert order.settle() == (False, "pending", 0)
    completed_at = order.purchase.completed_at
    assert completed_at is not None
    assert abs((datetime.now(UTC) - completed_at).total_seconds()) < 60


def test_settle_leaves_to_staff_what_does_not_agree(
    stripe: StandIn, session: Session, service: StripeService, user: User
) -> None:
    order = Order(stripe, session, service, user, **{"line_items[0][price_data][unit_amount]": 100})
    stripe.pay(order.checkout_session_id)
    assert order.settle() == (True, "pending", 0)


@pytest.mark.parametrize("fault", ["500", "reset", "hang"])
def test_settle_changes_nothing_when_stripe_does_not_answer(
    stripe: StandIn, session: Session, service: StripeService, user: User, fault: str
) -> None:
    order = Order(stripe, session, service, user)
    stripe.pay(order.checkout_session_id)
    stripe.arm(GET_CHECKOUT_SESSION, fault, seconds=5)
    assert order.settle() == (False, "pending", 0)
    stripe.reset()
    assert order.settle() == (False, "fulfilled", 500)

"""Stripe's ids may have 255 characters: every kind of them is read, kept, and found again, on both engines."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from payapp.billing.checkout.story import tell_story
from payapp.billing.models import Purchase
from payapp.billing.reconciliation.causes import find_lost_facts
from payapp.ledger.balances import get_balance
from payapp.stripe_service import StripeService
from tests.billing.reconciling import FakeStripe, Town, credits_of
from tests.factories import (
    charge_object,
    checkout_session_object,
    dispute_object,
    event_payload,
    make_purchase,
    make_user,
    refund_object,
)
from tests.webhooks.delivering import COMPLETED, deliver, list_events

LENGTH_MAX = 255


def long_id(prefix: str, last: str = "z", length: int = LENGTH_MAX) -> str:
    return f"{prefix}_".ljust(length - 1, "x") + last


@pytest.fixture
def purchase(session: Session) -> Purchase:
    user = make_user(session, stripe_customer_id=long_id("cus"))
    return make_purchase(session, user, stripe_checkout_session_id=long_id("cs"))


@pytest.mark.parametrize(("length", "answer"), [(254, 200), (255, 200), (256, 400)])
def test_an_event_id_may_be_as_long_as_stripe_allows(
    client: FlaskClient, session: Session, purchase: Purchase, length: int, answer: int
) -> None:
    event_id = long_id("evt", length=length)
    payload = event_payload(COMPLETED, checkout_session_object(purchase), id=event_id)
    assert deliver(client, payload).status_code == answer
    assert [event.stripe_event_id for event in list_events(session)] == [event_id] * (answer == 200)


def test_every_object_may_have_such_an_id(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    """Two refunds whose ids differ at their very end only are two, also in the names of their entries."""
    payment = {"payment_intent": long_id("pi")}
    ids = payment | {"charge": long_id("ch")}
    letters = [
        (COMPLETED, checkout_session_object(purchase, **payment)),
        ("charge.refunded", charge_object(purchase, 39, **payment) | {"id": long_id("ch")}),
        ("refund.created", refund_object(purchase, long_id("re", "1"), amount=780, **ids)),
        ("refund.created", refund_object(purchase, long_id("re", "2"), amount=780, **ids)),
        ("refund.failed", refund_object(purchase, long_id("re", "2"), amount=780, status="failed", **ids)),
        ("charge.dispute.created", dispute_object(purchase, amount=390) | ids | {"id": long_id("dp")}),
    ]
    assert {deliver(client, event_payload(*letter)).text for letter in letters} == {"processed\n"}
    session.rollback()
    assert get_balance(session, purchase.user_id).posted == 500 - 100 - 50
    assert long_id("dp") in tell_story(session, purchase.id).stripe_ids
    stripe: StripeService = FakeStripe()
    assert list(find_lost_facts(session, stripe)) == []


def test_a_deleted_customer_is_forgotten(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    snapshot = {"id": long_id("cus"), "object": "customer"}
    assert deliver(client, event_payload("customer.deleted", snapshot)).text == "processed\n"


def test_reconciliation_compares_and_repairs_it(session: Session) -> None:
    town = Town(session)
    purchase = town.buy()
    town.refund(purchase, 1950, id=long_id("re", "1"))
    town.refund(purchase, 780, id=long_id("re", "2"), is_told=False)
    assert town.repair() == ["missing_refund"]
    assert town.find() == []
    assert credits_of(town) == 500 - 350

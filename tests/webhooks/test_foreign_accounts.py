"""Events of connected accounts, and of others in our organization: kept, and nothing moves, whatever their type."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance
from payapp.webhooks.handlers import HANDLERS
from payapp.webhooks.inbox import replay
from tests.factories import charge_object, checkout_session_object, dispute_object, event_payload, refund_object
from tests.webhooks.delivering import COMPLETED, deliver, event_about, get_only_event, list_events

ORIGINS = [{"account": "acct_1"}, {"context": "acct_1"}, {"account": "acct_1", "context": None}, {"account": ""}]


def snapshot_for(event_type: str, purchase: Purchase) -> dict[str, Any]:
    """What an event of this type would tell of the purchase if it were ours."""
    if event_type.startswith("checkout.session"):
        return checkout_session_object(purchase)
    if event_type.startswith("charge.dispute"):
        return dispute_object(purchase)
    if event_type == "charge.refunded":
        return charge_object(purchase, purchase.amount_total)
    if event_type == "customer.deleted":
        return {"id": purchase.stripe_customer_id, "object": "customer"}
    return refund_object(purchase)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_payment_grants_nothing(
    client: FlaskClient, session: Session, purchase: Purchase, origin: dict[str, Any]
) -> None:
    payload = event_payload(COMPLETED, checkout_session_object(purchase), **origin)
    answer = deliver(client, payload)
    assert (answer.status_code, answer.text) == (200, "ignored\n")
    event = get_only_event(session)
    assert (event.status, event.payload) == ("ignored", payload)
    assert get_balance(session, purchase.user_id).posted == 0
    assert purchase.status == "pending"


@pytest.mark.parametrize("event_type", sorted(HANDLERS))
def test_no_type_moves_anything(client: FlaskClient, session: Session, purchase: Purchase, event_type: str) -> None:
    deliver(client, event_about(purchase))
    payload = event_payload(event_type, snapshot_for(event_type, purchase), account="acct_1")
    assert deliver(client, payload).text == "ignored\n"
    session.rollback()
    assert get_balance(session, purchase.user_id).posted == 500
    assert session.get_one(User, purchase.user_id).stripe_customer_id == purchase.stripe_customer_id


def test_what_does_not_agree_is_ignored_too(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    """Nothing in it is ours to look at, so nobody is asked to."""
    payload = event_payload(COMPLETED, checkout_session_object(purchase, amount_total=None), account="acct_1")
    assert deliver(client, payload).text == "ignored\n"


def test_applying_it_again_does_not_grant_either(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    deliver(client, event_payload(COMPLETED, checkout_session_object(purchase), id="evt_foreign", account="acct_1"))
    session.rollback()
    assert replay(session, "evt_foreign") == "ignored"
    assert get_balance(session, purchase.user_id).posted == 0


def test_without_an_account_it_is_ours(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    payload = event_payload(COMPLETED, checkout_session_object(purchase), account=None, context=None)
    assert deliver(client, payload).text == "processed\n"
    assert [event.status for event in list_events(session)] == ["processed"]

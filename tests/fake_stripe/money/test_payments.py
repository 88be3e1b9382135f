import time
from typing import Any

import pytest
import requests
import stripe

from tests.fake_stripe.objects import create_customer, create_session
from tests.fake_stripe.processes import Receiver, StandInProcess, wait_until


def retrieve(client: stripe.StripeClient, session_id: str, params: Any = None) -> Any:
    """Return a session; what it may expand to is too varied for its type."""
    return client.v1.checkout.sessions.retrieve(session_id, params)


def test_it_makes_one_intent_and_one_charge(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    customer = create_customer(client, "payer@example.com").id
    made = create_session(client, customer=customer)
    stand_in.pay(made, "paid")
    paid = retrieve(client, made.id, {"expand": ["payment_intent.latest_charge"]})
    intent = paid.payment_intent
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.customer_details.email == "payer@example.com"
    assert (intent.status, intent.amount, intent.amount_received) == ("succeeded", 3900, 3900)
    assert intent.metadata.to_dict() == {"purchaseId": "41"}
    charges: Any = client.v1.charges.list({"payment_intent": intent.id}).data
    assert [one.id for one in charges] == [intent.latest_charge.id]
    assert charges[0].payment_method_details.card.last4 == "4242"
    assert [one.id for one in client.v1.payment_intents.list({"customer": customer}).data] == [intent.id]


def test_it_shows_a_receipt(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    stand_in.pay(made, "paid", email="reader@example.com")
    intent = retrieve(client, made.id, {"expand": ["payment_intent.latest_charge"]}).payment_intent
    receipt = requests.get(intent.latest_charge.receipt_url, timeout=10)
    assert receipt.status_code == 200
    assert "$39.00" in receipt.text
    assert "reader@example.com" in receipt.text


def test_it_substitutes_the_session_id_in_success_url(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    answer = stand_in.pay(made, "paid")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"?success=true&session_id={made.id}")


def test_it_stays_open_after_a_decline_and_can_be_paid(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    answer = stand_in.pay(made, "declined")
    declined = retrieve(client, made.id, {"expand": ["payment_intent"]})
    assert answer.headers["Location"] == f"/c/pay/{made.id}?declined=1"
    assert (declined.status, declined.payment_status) == ("open", "unpaid")
    intent = declined.payment_intent
    assert intent.last_payment_error.code == "card_declined"
    stand_in.pay(made, "paid")
    paid = retrieve(client, made.id, {"expand": ["payment_intent"]})
    assert (paid.payment_status, paid.payment_intent.id) == ("paid", intent.id)
    statuses = [one.status for one in client.v1.charges.list({"payment_intent": intent.id}).data]
    assert statuses == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("outcome", "event_type", "payment_status", "intent_status"),
    [
        ("settles", "checkout.session.async_payment_succeeded", "paid", "succeeded"),
        ("settle_fails", "checkout.session.async_payment_failed", "unpaid", "requires_payment_method"),
    ],
)
def test_it_settles_later(
    forwarding: StandInProcess,
    receiver: Receiver,
    outcome: str,
    event_type: str,
    payment_status: str,
    intent_status: str,
) -> None:
    client = forwarding.client()
    made = create_session(client)
    forwarding.pay(made, outcome)
    completed = receiver.wait_for("checkout.session.completed")[0].event["data"]["object"]
    settled = receiver.wait_for(event_type)[0].event["data"]["object"]
    found = retrieve(client, made.id, {"expand": ["payment_intent"]})
    assert (completed["status"], completed["payment_status"]) == ("complete", "unpaid")
    assert (settled["id"], settled["payment_status"]) == (made.id, payment_status)
    assert (found.status, found.payment_status) == ("complete", payment_status)
    assert found.payment_intent.status == intent_status


def test_it_delivers_a_late_webhook_late(forwarding: StandInProcess, receiver: Receiver) -> None:
    made = create_session(forwarding.client())
    paid_at = time.time()
    forwarding.pay(made, "late_webhook")
    assert retrieve(forwarding.client(), made.id).payment_status == "paid"
    late = receiver.wait_for("checkout.session.completed")[0]
    assert late.received_at - paid_at >= 0.7


def test_it_never_delivers_a_lost_webhook_unless_resent(forwarding: StandInProcess, receiver: Receiver) -> None:
    client = forwarding.client()
    made = create_session(client)
    forwarding.pay(made, "lost_webhook")
    event = client.v1.events.list({"type": "checkout.session.completed", "delivery_success": False}).data[0]
    time.sleep(0.4)
    assert receiver.events("checkout.session.completed") == []
    assert event.pending_webhooks == 1
    forwarding.control("POST", f"/events/{event.id}/resend")
    receiver.wait_for("checkout.session.completed")
    wait_until(lambda: client.v1.events.retrieve(event.id).pending_webhooks == 0)


def test_it_makes_the_customer_if_the_session_says_always(
    client: stripe.StripeClient, stand_in: StandInProcess
) -> None:
    made = create_session(client, customer_creation="always")
    stand_in.pay(made, "paid", email="new@example.com")
    paid = retrieve(client, made.id, {"expand": ["customer"]})
    assert paid.customer.email == "new@example.com"


def test_it_pays_through_the_control_call_too(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    paid = stand_in.control("POST", f"/sessions/{made.id}/pay", {"outcome": "paid"})
    assert paid["payment_status"] == "paid"


def test_it_charges_once_when_the_button_is_pressed_twice(
    client: stripe.StripeClient, stand_in: StandInProcess
) -> None:
    made = create_session(client)
    answers = [stand_in.pay(made, "paid") for _ in range(2)]
    intent = retrieve(client, made.id).payment_intent
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[1].headers["Location"] == f"/c/pay/{made.id}"
    assert len(client.v1.charges.list({"payment_intent": str(intent)}).data) == 1

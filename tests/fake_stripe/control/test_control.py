from typing import Any

import pytest
import requests
import stripe

from tests.fake_stripe.objects import buy, create_customer, create_session
from tests.fake_stripe.processes import StandInProcess

DAY = 24 * 3600


def refused(stand_in: StandInProcess, path: str, body: Any) -> int:
    return requests.post(f"{stand_in.url}/_control{path}", json=body, timeout=10).status_code


def test_a_session_expires_on_order_and_once(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    assert stand_in.control("POST", f"/sessions/{made.id}/expire")["status"] == "expired"
    assert refused(stand_in, f"/sessions/{made.id}/expire", {}) == 400


def test_a_session_is_paid_with_any_test_card(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in, card="5555555555554444")
    assert intent.latest_charge.payment_method_details.card.brand == "mastercard"
    made = create_session(client)
    order = {"outcome": "paid", "card": "pm_card_visa_chargeDeclinedInsufficientFunds"}
    declined = stand_in.control("POST", f"/sessions/{made.id}/pay", order)
    found: Any = client.v1.payment_intents.retrieve(declined["payment_intent"])
    assert (declined["status"], found.last_payment_error.decline_code) == ("open", "insufficient_funds")
    assert stand_in.control("POST", f"/sessions/{made.id}/pay")["payment_status"] == "paid"


def test_a_refund_succeeds_on_order(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    order = {"payment_intent": buy(stand_in).id, "course": "requires_action"}
    refund = stand_in.control("POST", "/refunds", order)
    assert stand_in.control("POST", f"/refunds/{refund['id']}/succeed")["status"] == "succeeded"


def test_a_receipt_shows_what_was_refunded(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 900})
    page = requests.get(intent.latest_charge.receipt_url.replace("localhost", "127.0.0.1"), timeout=10).text
    assert "$39.00" in page
    assert "$9.00" in page


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sessions/{session}/pay", {"outcome": "paid", "card": "4242"}),
        ("/sessions/{session}/pay", {"outcome": "paid", "colour": "red"}),
        ("/sessions/{session}/pay", {"outcome": "free"}),
        ("/sessions/{session}/pay", [1]),
        ("/refunds", {"payment_intent": "pi_nobody"}),
        ("/refunds", {"payment_intent": "pi_nobody", "course": "sideways"}),
        ("/refunds", {}),
        ("/refunds/re_nobody/fail", {}),
        ("/disputes", {}),
        ("/disputes/du_nobody/win", {}),
        ("/payment_intents/pi_nobody/authenticate", {}),
        ("/deliveries/release", {"order": "sideways"}),
        ("/events/evt_nobody/resend", {}),
        ("/events/evt_nobody/lose", {}),
    ],
)
def test_it_rejects_orders_of_no_sense(
    client: stripe.StripeClient, stand_in: StandInProcess, path: str, body: Any
) -> None:
    made = create_session(client)
    assert refused(stand_in, path.format(session=made.id), body) in (400, 404)
    assert client.v1.checkout.sessions.retrieve(made.id).to_dict() == made.to_dict()


def test_an_old_event_can_not_be_sent_again(start_stand_in: Any) -> None:
    stand_in = start_stand_in()
    create_customer(stand_in.client())
    event = stand_in.client().v1.events.list().data[0].id
    stand_in.control("POST", "/clock", {"forward_seconds": 31 * DAY})
    assert refused(stand_in, f"/events/{event}/resend", {}) == 404

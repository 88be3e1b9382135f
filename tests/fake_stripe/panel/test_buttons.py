"""The buttons of the control panel: each does what its control call does, and only what makes sense is offered."""

from typing import Any

import pytest
import stripe

from fake_stripe.control.orders import ORDERS
from fake_stripe.panel.sentences import SENTENCES
from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.objects import buy, create_customer, create_session
from tests.fake_stripe.panel_pages import ROOT, Form, Panel
from tests.fake_stripe.processes import StandInProcess

# How a payment gets into each of its states, and the buttons that make sense there.
STORIES: dict[str, tuple[dict[str, str], list[tuple[str, dict[str, object]]], set[str]]] = {
    "paid": ({}, [], {"Refund", "Open the dispute"}),
    "declined": ({"outcome": "declined", "card": "pm_card_visa_chargeDeclined"}, [], set()),
    "refunded": ({}, [("refunds", {})], {"Fail this refund", "Open the dispute"}),
    "refund pending": (
        {},
        [("refunds", {"course": "pending"})],
        {"Let it succeed", "Fail this refund", "Open the dispute"},
    ),
    "disputed": ({}, [("disputes", {})], {"Submit evidence", "Win", "Lose"}),
    "under review": ({}, [("disputes", {}), ("submit", {})], {"Win", "Lose"}),
    "won": ({}, [("disputes", {}), ("win", {})], {"Lose after all", "Refund", "Open the dispute"}),
    "lost": ({}, [("disputes", {}), ("lose", {})], {"Win after all", "Reinstate", "Open the dispute"}),
    "inquiry": (
        {},
        [("disputes", {"status": "warning_needs_response"})],
        {"Submit evidence", "Escalate", "Close inquiry", "Refund"},
    ),
    "prevented": ({}, [("disputes", {"status": "prevented"})], {"Refund", "Open the dispute"}),
}


@pytest.fixture
def panel(stand_in: StandInProcess) -> Panel:
    return Panel(stand_in)


def in_state(panel: Panel, state: str) -> str:
    """Bring a new payment into a state by control calls; return its page's path."""
    paid, calls, _ = STORIES[state]
    intent = buy(panel.stand_in, **paid).id
    made: Any = {}
    for name, body in calls:
        is_new = name in ("refunds", "disputes")
        path = f"/{name}" if is_new else f"/disputes/{made['id']}/{name}"
        made = panel.stand_in.control("POST", path, {"payment_intent": intent, **body} if is_new else body)
    return f"/payments/{intent}"


@pytest.mark.parametrize("state", STORIES)
def test_it_offers_what_makes_sense_and_all_of_it_works(panel: Panel, state: str) -> None:
    assert panel.buttons(in_state(panel, state)) == STORIES[state][2]
    for button in STORIES[state][2]:
        path = in_state(panel, state)
        answer = panel.press(path, button)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, ROOT + path), button
        assert 'role="status"' in panel.show(answer.headers["Location"].removeprefix(ROOT))


def test_every_order_has_a_button_and_a_sentence() -> None:
    assert {order.name for order in ORDERS} == SENTENCES.keys()
    assert len(ORDERS) == len(SENTENCES)


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.name)
def test_a_button_refuses_an_unknown_field(panel: Panel, order: Any) -> None:
    page = panel.post(address(order), {"colour": "red"})
    assert page.status_code in (400, 404)
    assert 'role="alert"' in page.text


# Only orders about a thing that doesn't exist: another would be carried out, on the stand-in that tests share.
@pytest.mark.parametrize("order", [order for order in ORDERS if "<" in order.path], ids=lambda order: order.name)
def test_a_button_refuses_in_the_words_of_its_call(panel: Panel, order: Any) -> None:
    call = panel.stand_in.api(order.method, f"/_control{bare_path(order)}")
    page = panel.post(address(order), {})
    assert page.status_code == call.status_code
    assert call.json()["error"]["message"].replace("'", "&#39;") in page.text


def bare_path(order: Any) -> str:
    """Return the path with the names of its parts for their values."""
    return str(order.path).replace("<", "").replace(">", "")


def address(order: Any) -> str:
    """Return where the panel's form of an order posts to."""
    return f"{ROOT}{bare_path(order)}" + ("/clear" if order.method == "DELETE" else "")


def test_a_session_is_paid_with_a_card(client: stripe.StripeClient, panel: Panel) -> None:
    made = create_session(client)
    answer = panel.press(f"/sessions/{made.id}", "Pay", card="pm_card_mastercard", email="payer@example.com")
    assert answer.status_code == 303
    paid: Any = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent.latest_charge"]})
    assert paid.payment_intent.latest_charge.payment_method_details.card.brand == "mastercard"
    assert paid.customer_details.email == "payer@example.com"
    assert panel.buttons(f"/sessions/{made.id}") == set()


def test_a_session_expires(client: stripe.StripeClient, panel: Panel) -> None:
    made = create_session(client)
    panel.press(f"/sessions/{made.id}", "Let it expire")
    assert client.v1.checkout.sessions.retrieve(made.id).status == "expired"


@pytest.mark.parametrize(("button", "status"), [("Settle now", "paid"), ("Fail now", "unpaid")])
def test_a_bank_debit_ends_at_once_and_once(start_stand_in: StartStandIn, button: str, status: str) -> None:
    slow = start_stand_in(settle_seconds=600)
    made = create_session(slow.client())
    panel = Panel(slow)
    panel.press(f"/sessions/{made.id}", "Pay", outcome="settles")
    intent = slow.client().v1.checkout.sessions.retrieve(made.id).payment_intent
    assert panel.buttons(f"/payments/{intent}") == set()
    assert ">Settling</span>" in panel.show(f"/payments/{intent}")
    settle = next(form for form in panel.forms(f"/sessions/{made.id}") if form.button == button)
    assert panel.submit(settle).status_code == 303
    assert slow.client().v1.checkout.sessions.retrieve(made.id).payment_status == status
    again = panel.submit(settle)
    assert (again.status_code, "under way" in again.text) == (400, True)
    assert panel.buttons(f"/sessions/{made.id}") == set()


def test_a_refund_has_its_amount_and_its_course(client: stripe.StripeClient, panel: Panel) -> None:
    intent = buy(panel.stand_in)
    panel.press(f"/payments/{intent.id}", "Refund", amount="900", course="requires_action")
    refund = client.v1.refunds.list({"payment_intent": intent.id}).data[0]
    assert (refund.amount, refund.status) == (900, "requires_action")
    panel.press(f"/payments/{intent.id}", "Let it succeed")
    panel.press(f"/payments/{intent.id}", "Fail this refund", reason="declined")
    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "declined")


def test_a_dispute_is_played_to_a_partial_loss(client: stripe.StripeClient, panel: Panel) -> None:
    path = f"/payments/{buy(panel.stand_in).id}"
    panel.press(path, "Open the dispute", amount="2000", status="warning_needs_response", reason="duplicate")
    for button, status in (("Escalate", "needs_response"), ("Submit evidence", "under_review")):
        panel.press(path, button)
        dispute: Any = client.v1.disputes.list({"payment_intent": path.rpartition("/")[2]}).data[0]
        assert (dispute.status, dispute.amount, dispute.reason) == (status, 2000, "duplicate")
    panel.press(path, "Lose", reinstated_amount="500")
    panel.press(path, "Reinstate", amount="300")
    lost = client.v1.disputes.retrieve(dispute.id)
    assert [moved.amount for moved in lost.balance_transactions] == [-2000, 500, 300]


@pytest.mark.parametrize(("button", "status"), [("Authenticate", "succeeded"), ("Fail", "requires_payment_method")])
def test_a_customer_answers_the_bank(client: stripe.StripeClient, panel: Panel, button: str, status: str) -> None:
    params: Any = {"amount": 900, "currency": "usd", "payment_method": "pm_card_authenticationRequired"}
    params |= {"confirm": True, "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
    intent = client.v1.payment_intents.create(params)
    assert panel.press(f"/payments/{intent.id}", button).status_code == 303
    assert client.v1.payment_intents.retrieve(intent.id).status == status


@pytest.mark.parametrize("amount", ["0", "-1", "4000", "nine", "9.00", "1e3", "9" * 400])
def test_a_wrong_amount_changes_nothing(client: stripe.StripeClient, panel: Panel, amount: str) -> None:
    intent = buy(panel.stand_in)
    before = panel.stand_in.control("GET", "/money")
    for button in ("Refund", "Open the dispute"):
        answer = panel.press(f"/payments/{intent.id}", button, amount=amount)
        assert answer.status_code == 400
        assert f'href="{ROOT}/payments/{intent.id}"' in answer.text
    assert panel.stand_in.control("GET", "/money") == before


def test_an_impossible_order_is_refused_on_a_page(client: stripe.StripeClient, panel: Panel) -> None:
    intent = buy(panel.stand_in)
    panel.press(f"/payments/{intent.id}", "Refund")
    answer = panel.post(f"{ROOT}/refunds", {"payment_intent": intent.id, "amount": "1"})
    assert answer.status_code == 400
    assert "charge_already_refunded" in answer.text
    assert len(client.v1.refunds.list({"payment_intent": intent.id}).data) == 1


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/_control/panel", "/c/pay/x", "http://[", ""])
def test_it_leads_back_to_its_own_pages_only(panel: Panel, back: str) -> None:
    answer = panel.post(f"{ROOT}/faults/clear", {"back": back})
    assert answer.headers["Location"] == f"{ROOT}?done=clear_faults"


def test_it_stays_on_the_page_of_a_list(client: stripe.StripeClient, panel: Panel) -> None:
    form = Form(f"{ROOT}/faults/clear", {"back": f"{ROOT}/events?after=evt_1&done=x"})
    assert panel.submit(form).headers["Location"] == f"{ROOT}/events?after=evt_1&done=clear_faults"


def test_the_clock_goes_forward(start_stand_in: StartStandIn) -> None:
    stand_in = start_stand_in()
    panel = Panel(stand_in)
    titles = ["+10 minutes", "+1 hour", "+1 day", "+8 days", "+31 days"]
    for title in titles:
        assert panel.press("", title).status_code == 303
    panel.press("", "seconds", forward_seconds="30.5")
    gone = 600 + 3600 + 40 * 86400 + 30.5
    assert abs(stand_in.control("GET", "/clock")["offset_seconds"] - gone) < 1
    assert "+40 d 1 h" in panel.show()
    for seconds in ("-1", "nan", "inf", "1e300", "soon"):
        assert panel.press("", "seconds", forward_seconds=seconds).status_code == 400


def test_faults_are_ordered_and_forgotten(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    panel = Panel(stand_in)
    panel.press("/faults", "Order it", operation="GET /v1/prices/{price_id}", fault="500", when="after", count="2")
    expected = {"operation": "GET /v1/prices/{price_id}", "fault": "500", "when": "after", "count": 2, "seconds": 30.0}
    assert stand_in.control("GET", "/faults")["faults"] == [expected]
    panel.press("/faults", "Clear all")
    assert stand_in.control("GET", "/faults")["faults"] == []


def test_the_log_is_emptied(start_stand_in: StartStandIn) -> None:
    stand_in = start_stand_in()
    create_customer(stand_in.client())
    Panel(stand_in).press("/requests", "Empty the log")
    assert stand_in.control("GET", "/requests")["requests"] == []

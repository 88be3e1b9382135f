"""Webhooks from the panel: held, released, planned, sent again, late, twice, never."""

from tests.fake_stripe.objects import buy, create_customer
from tests.fake_stripe.panel_pages import Panel
from tests.fake_stripe.processes import Receiver, StandInProcess


def newest_event(stand_in: StandInProcess) -> str:
    return f"/events/{stand_in.client().v1.events.list().data[0].id}"


def test_it_holds_and_releases_in_an_order(forwarding: StandInProcess, receiver: Receiver) -> None:
    panel = Panel(forwarding)
    panel.press("/webhooks", "Hold")
    buy(forwarding)
    assert "Held back" in panel.show()
    assert receiver.received == []
    panel.press("/webhooks", "Release", order="reversed")
    receiver.wait_for("payment_intent.created")
    types = [one.type for one in receiver.received]
    assert types.index("checkout.session.completed") < types.index("charge.succeeded")


def test_it_sends_an_event_again_twice_and_later(forwarding: StandInProcess, receiver: Receiver) -> None:
    create_customer(forwarding.client())
    receiver.wait_for("customer.created")
    panel, event = Panel(forwarding), newest_event(forwarding)
    panel.press(event, "Resend")
    assert len(receiver.wait_for("customer.created", 2)) == 2
    panel.press(event, "Deliver twice")
    assert len(receiver.wait_for("customer.created", 4)) == 4
    panel.press(event, "seconds later", after_seconds="600")
    assert "Waits" in panel.show(event)
    panel.press("", "+10 minutes")
    assert len(receiver.wait_for("customer.created", 5)) == 5
    assert len({one.body for one in receiver.received}) == 1


def test_it_loses_an_event_until_it_is_resent(forwarding: StandInProcess, receiver: Receiver) -> None:
    panel = Panel(forwarding)
    panel.press("/webhooks", "Hold")
    create_customer(forwarding.client())
    event = newest_event(forwarding)
    panel.press(event, "Never deliver")
    panel.press("/webhooks", "Release")
    assert "Lost" in panel.show(event)
    assert not any(form.button.startswith("Never") for form in panel.forms(event))
    panel.press(event, "Resend")
    receiver.wait_for("customer.created")


def test_it_plans_events_to_come(forwarding: StandInProcess, receiver: Receiver) -> None:
    panel = Panel(forwarding)
    panel.press("/webhooks", "Put in force", mode="twice", seconds="0", types="customer.created, refund.created")
    plan = forwarding.control("GET", "/deliveries/plan")
    assert plan == {"mode": "twice", "seconds": 0.0, "types": ["customer.created", "refund.created"]}
    create_customer(forwarding.client())
    assert len(receiver.wait_for("customer.created", 2)) == 2
    panel.press("/webhooks", "Put in force", mode="normal", types="")
    assert forwarding.control("GET", "/deliveries/plan")["types"] == []


def test_the_page_after_a_button_knows_what_the_app_answered(forwarding: StandInProcess, receiver: Receiver) -> None:
    receiver.delays["/webhooks"] = 0.05
    path = f"/payments/{buy(forwarding).id}"
    receiver.wait_for("charge.updated")
    answer = Panel(forwarding).press(path, "Open the dispute")
    assert ">Waits</span>" not in Panel(forwarding).show(answer.headers["Location"].removeprefix("/_control/panel"))


def test_an_event_of_last_month_can_not_be_sent(forwarding: StandInProcess) -> None:
    create_customer(forwarding.client())
    panel, event = Panel(forwarding), newest_event(forwarding)
    panel.press("", "+31 days")
    assert panel.forms(event) == []
    assert "older than 30 days" in panel.show(event)

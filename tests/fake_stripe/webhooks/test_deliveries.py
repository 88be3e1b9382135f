import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
import stripe

from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.objects import create_customer, create_session
from tests.fake_stripe.processes import WEBHOOK_SECRET, Receiver, StandInProcess, wait_until


def verify(one: object) -> None:
    body, header = one.body.decode(), one.headers["Stripe-Signature"]  # type: ignore[attr-defined]
    stripe.WebhookSignature.verify_header(body, header, WEBHOOK_SECRET, 300)


def test_it_works(forwarding: StandInProcess, receiver: Receiver) -> None:
    create_customer(forwarding.client())
    one = receiver.wait_for("customer.created")[0]
    verify(one)
    assert one.path == "/webhooks"
    assert one.headers["Content-Type"] == "application/json; charset=utf-8"
    assert one.headers["User-Agent"] == "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
    assert one.event["pending_webhooks"] == 1


def test_it_sends_the_event_as_the_api_shows_it(forwarding: StandInProcess, receiver: Receiver) -> None:
    client = forwarding.client()
    forwarding.pay(create_session(client), "paid")
    one = receiver.wait_for("checkout.session.completed")[0]
    wait_until(lambda: client.v1.events.retrieve(one.event["id"]).pending_webhooks == 0)
    shown = json.loads(forwarding.api("GET", f"/v1/events/{one.event['id']}").text)
    assert {**shown, "pending_webhooks": 1} == one.event
    assert one.body.decode() == json.dumps(one.event, indent=2, ensure_ascii=False)


@pytest.mark.parametrize("answer", [500, 404, 302])
def test_it_tries_again_with_the_same_bytes(forwarding: StandInProcess, receiver: Receiver, answer: int) -> None:
    receiver.answers["/webhooks"] = [answer, answer]
    create_customer(forwarding.client())
    attempts = receiver.wait_for("customer.created", count=3)
    for one in attempts:
        verify(one)
    assert len({one.body for one in attempts}) == 1
    waits = [later.received_at - one.received_at for one, later in pairwise(attempts)]
    assert waits[0] >= 0.1
    assert waits[1] >= 0.2


def test_it_signs_each_attempt_afresh(start_stand_in: StartStandIn, receiver: Receiver) -> None:
    stand_in = start_stand_in(
        webhook_url=f"{receiver.url}/webhooks", webhook_secret=WEBHOOK_SECRET, retry_base_seconds=1.1
    )
    receiver.answers["/webhooks"] = [500]
    create_customer(stand_in.client())
    first, second = receiver.wait_for("customer.created", count=2)
    assert first.headers["Stripe-Signature"] != second.headers["Stripe-Signature"]


def test_it_counts_a_time_out_as_a_failure(forwarding: StandInProcess, receiver: Receiver) -> None:
    receiver.delays["/webhooks"] = 2.5
    create_customer(forwarding.client())
    receiver.wait_for("customer.created")
    receiver.delays.clear()
    receiver.wait_for("customer.created", count=2)
    wait_until(lambda: forwarding.control("GET", "/health")["pending_deliveries"] == 0)


def test_one_slow_endpoint_does_not_hold_up_another(start_stand_in: StartStandIn, receiver: Receiver) -> None:
    client = start_stand_in(delivery_timeout_seconds=30).client()
    for path in ("/slow", "/quick"):
        client.v1.webhook_endpoints.create({"url": receiver.url + path, "enabled_events": ["customer.created"]})
    receiver.delays["/slow"] = 20
    for _ in range(30):
        create_customer(client)
    wait_until(lambda: len(receiver.events(path="/quick")) == 30)
    assert 0 < len(receiver.events(path="/slow")) < 30


def test_it_goes_on_after_a_restart(start_stand_in: StartStandIn, receiver: Receiver, tmp_path: Path) -> None:
    stand_in = start_stand_in(
        state=tmp_path / "state.sqlite3",
        webhook_url=f"{receiver.url}/webhooks",
        webhook_secret=WEBHOOK_SECRET,
        retry_base_seconds=0.5,
    )
    receiver.answers["/webhooks"] = [500, 500]
    create_customer(stand_in.client(), "restart@example.com")
    receiver.wait_for("customer.created")
    stand_in.kill()
    stand_in.start()
    attempts = receiver.wait_for("customer.created", count=3)
    assert {one.event["data"]["object"]["email"] for one in attempts} == {"restart@example.com"}


def test_it_holds_and_releases(forwarding: StandInProcess, receiver: Receiver) -> None:
    forwarding.control("POST", "/deliveries/hold")
    create_customer(forwarding.client())
    time.sleep(0.4)
    assert receiver.received == []
    forwarding.control("POST", "/deliveries/release")
    receiver.wait_for("customer.created")


def test_it_resends_as_often_as_asked(forwarding: StandInProcess, receiver: Receiver) -> None:
    create_customer(forwarding.client())
    event = receiver.wait_for("customer.created")[0].event
    wait_until(lambda: forwarding.control("GET", "/health")["pending_deliveries"] == 0)
    forwarding.control("POST", f"/events/{event['id']}/resend", {"times": 2})
    bodies = {one.body for one in receiver.wait_for("customer.created", count=3)}
    assert len(bodies) == 1


def test_it_registers_the_forwarding_endpoint_once(
    start_stand_in: StartStandIn, receiver: Receiver, tmp_path: Path
) -> None:
    stand_in = start_stand_in(
        state=tmp_path / "state.sqlite3", webhook_url=f"{receiver.url}/old", webhook_secret="whsec_old"
    )
    stand_in.stop()
    stand_in.options |= {"webhook_url": f"{receiver.url}/new", "webhook_secret": WEBHOOK_SECRET}
    stand_in.start()
    create_customer(stand_in.client())
    verify(receiver.wait_for("customer.created")[0])
    assert [one.path for one in receiver.received] == ["/new"]
    assert len(stand_in.client().v1.webhook_endpoints.list().data) == 1


def test_it_records_each_outcome(forwarding: StandInProcess, receiver: Receiver) -> None:
    receiver.answers["/webhooks"] = [503]
    create_customer(forwarding.client())
    event = receiver.wait_for("customer.created", count=2)[0].event
    wait_until(lambda: forwarding.control("GET", "/health")["pending_deliveries"] == 0)
    row = forwarding.control("GET", f"/deliveries?event={event['id']}")["deliveries"][0]
    assert (row["status"], row["attempts"], row["response_status"]) == ("delivered", 2, 200)

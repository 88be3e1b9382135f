import time
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from tests.fake_stripe.objects import create_customer
from tests.fake_stripe.processes import WEBHOOK_SECRET, Receiver, StandInProcess, wait_until


@pytest.fixture(scope="module")
def listening() -> Iterator[tuple[StandInProcess, Receiver]]:
    """A stand-in of this file's own and the endpoint that gets its webhooks."""
    receiver = Receiver()
    hooks: dict[str, object] = {"webhook_url": f"{receiver.url}/webhooks", "webhook_secret": WEBHOOK_SECRET}
    process = StandInProcess(hooks).start()
    yield process, receiver
    process.kill()
    receiver.close()


@pytest.fixture
def forwarding(listening: tuple[StandInProcess, Receiver]) -> StandInProcess:
    """The stand-in with nothing under way and nothing planned."""
    process, _ = listening
    process.control("POST", "/deliveries/plan", {"mode": "normal"})
    wait_until(lambda: process.control("GET", "/health")["pending_deliveries"] == 0)
    return process


@pytest.fixture
def receiver(forwarding: StandInProcess, listening: tuple[StandInProcess, Receiver]) -> Receiver:
    """The endpoint, nothing received."""
    _, receiver = listening
    receiver.received.clear()
    return receiver


def plan(stand_in: StandInProcess, mode: str, **more: object) -> None:
    stand_in.control("POST", "/deliveries/plan", {"mode": mode, **more})


def names(receiver: Receiver) -> list[str]:
    return [one.event["data"]["object"]["email"] for one in receiver.events("customer.created")]


def make(stand_in: StandInProcess, count: int) -> list[str]:
    emails = [f"{number}@example.com" for number in range(count)]
    for email in emails:
        create_customer(stand_in.client(), email)
    return emails


def test_twice(forwarding: StandInProcess, receiver: Receiver) -> None:
    plan(forwarding, "twice")
    made = make(forwarding, 2)
    receiver.wait_for("customer.created", 4)
    assert Counter(names(receiver)) == Counter(made * 2)
    first, second = (one for one in receiver.received if one.event["data"]["object"]["email"] == made[0])
    assert first.body == second.body


def test_late(forwarding: StandInProcess, receiver: Receiver) -> None:
    plan(forwarding, "late", seconds=0.6)
    made_at = time.time()
    make(forwarding, 1)
    assert receiver.wait_for("customer.created")[0].received_at - made_at >= 0.6


def test_never_and_only_some_types(forwarding: StandInProcess, receiver: Receiver) -> None:
    plan(forwarding, "never", types=["customer.created"])
    client = forwarding.client()
    made = create_customer(client)
    client.v1.customers.update(made.id, {"name": "Ada"})
    receiver.wait_for("customer.updated")
    time.sleep(0.2)
    assert receiver.events("customer.created") == []
    event = client.v1.events.list({"type": "customer.created", "delivery_success": False}).data[0]
    forwarding.control("POST", f"/events/{event.id}/resend", {"times": 2})
    receiver.wait_for("customer.created", 2)


def test_shuffled(forwarding: StandInProcess, receiver: Receiver) -> None:
    plan(forwarding, "shuffled", seconds=1)
    made = make(forwarding, 8)
    receiver.wait_for("customer.created", 8)
    assert sorted(names(receiver)) == made
    assert names(receiver) != made


def test_a_plan_can_be_ended(forwarding: StandInProcess, receiver: Receiver) -> None:
    plan(forwarding, "never")
    plan(forwarding, "normal")
    assert forwarding.control("GET", "/deliveries/plan") == {"mode": "normal", "seconds": 0, "types": []}
    make(forwarding, 1)
    receiver.wait_for("customer.created")


@pytest.mark.parametrize(("order", "expected"), [("reversed", True), ("shuffled", False)])
def test_what_was_held_is_released_in_another_order(
    forwarding: StandInProcess, receiver: Receiver, order: str, expected: bool
) -> None:
    forwarding.control("POST", "/deliveries/hold")
    made = make(forwarding, 5)
    forwarding.control("POST", "/deliveries/release", {"order": order})
    receiver.wait_for("customer.created", 5)
    assert sorted(names(receiver)) == made
    assert names(receiver) != made
    assert (names(receiver) == made[::-1]) >= expected


def test_an_event_can_be_lost_and_come_late(forwarding: StandInProcess, receiver: Receiver) -> None:
    forwarding.control("POST", "/deliveries/hold")
    make(forwarding, 1)
    event = forwarding.client().v1.events.list().data[0]
    forwarding.control("POST", f"/events/{event.id}/lose")
    forwarding.control("POST", "/deliveries/release")
    resent_at = time.time()
    forwarding.control("POST", f"/events/{event.id}/resend", {"after_seconds": 0.5})
    assert receiver.wait_for("customer.created")[0].received_at - resent_at >= 0.5
    wait_until(lambda: forwarding.client().v1.events.retrieve(event.id).pending_webhooks == 0)
    assert len(receiver.events("customer.created")) == 1


@pytest.mark.parametrize("body", [{"mode": "odd"}, {"mode": "late", "seconds": -1}, {"types": "x"}, {"colour": 1}])
def test_it_rejects_plans_of_no_sense(stand_in: StandInProcess, body: dict[str, object]) -> None:
    assert requests.post(f"{stand_in.url}/_control/deliveries/plan", json=body, timeout=10).status_code == 400

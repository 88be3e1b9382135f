"""Every type of event that the stand-in can emit, as its webhooks bring it: keys, values, and what was before."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import stripe

import fake_stripe
from tests.fake_stripe.certification.shapes import RESOURCES, hints_of, problems_of_event
from tests.fake_stripe.certification.sides import Side
from tests.fake_stripe.certification.states import STATES, price
from tests.fake_stripe.processes import WEBHOOK_SECRET, Received, Receiver, StandInProcess, wait_until

SOURCE = Path(fake_stripe.__file__).parent
TYPES = set(get_args(hints_of(stripe.Event)["type"]))


def types_in_source() -> set[str]:
    """Return the names of events that the stand-in's code mentions: those that it may emit."""
    files = [path for path in SOURCE.rglob("*.py") if "panel" not in path.parts]
    words = {word for path in files for word in re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', path.read_text())}
    return words & TYPES


@pytest.fixture(scope="module")
def webhooks() -> Iterator[list[Received]]:
    """Everything that a stand-in sends while all that can happen happens."""
    receiver = Receiver()
    settings = {"settle_seconds": 0.3, "refund_seconds": 0.3, "retry_base_seconds": 0.1}
    forwarding = {"webhook_url": f"{receiver.url}/webhooks", "webhook_secret": WEBHOOK_SECRET}
    process = StandInProcess({**settings, **forwarding}).start()
    side = Side(process.client(), process)
    for bring_about in STATES.values():
        bring_about(side)
    change_things(side)
    wait_until(lambda: process.control("GET", "/health")["pending_deliveries"] == 0, 30)
    yield list(receiver.received)
    process.kill()
    receiver.close()


def change_things(side: Side) -> None:
    """What no state needs, and events tell of."""
    v1 = side.v1
    v1.customers.update(side.customer, {"metadata": {"a": "1"}})
    v1.coupons.update(side.coupon, {"name": "Spring"})
    v1.coupons.delete(side.coupon)
    v1.charges.update(side.payment().latest_charge, {"description": "once more"})
    v1.payment_methods.update(side.saved_card(), {"billing_details": {"name": "Ada"}})
    v1.payment_methods.detach(side.saved_card())
    v1.prices.update(price(side).rpartition("/")[2], {"nickname": "cheap"})


def test_every_event_has_the_keys_the_sdk_declares(webhooks: list[Received]) -> None:
    assert [problem for one in webhooks for problem in problems_of_event(one.event, one.type)] == []


def test_every_event_parses_into_the_sdk_s_classes(webhooks: list[Received]) -> None:
    for one in webhooks:
        event = stripe.Webhook.construct_event(one.body, one.headers["Stripe-Signature"], WEBHOOK_SECRET)
        about: Any = event.data.object
        assert isinstance(about, RESOURCES[one.event["data"]["object"]["object"]]), one.type


def test_no_type_of_event_goes_unseen(webhooks: list[Received]) -> None:
    assert types_in_source() - {one.type for one in webhooks} == set()
    assert {one.type for one in webhooks} <= TYPES


def test_the_check_finds_what_is_wrong(webhooks: list[Received]) -> None:
    updated = next(one.event for one in webhooks if one.type == "customer.updated")
    assert problems_of_event(updated, "event") == []
    data = updated["data"]
    wrong: list[dict[str, Any]] = [{"type": "customer.odd"}, {"request": {}}, {"api_version": "2020-01-01"}]
    wrong += [{"data": {"object": data["object"]}}, {"data": {**data, "previous_attributes": {"colour": None}}}]
    for change in wrong:
        assert problems_of_event({**updated, **change}, "event"), change

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import stripe

from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.objects import buy, create_customer, create_session, events_about
from tests.fake_stripe.processes import WEBHOOK_SECRET, Receiver, StandInProcess, wait_until

HOUR, DAY = 3600, 24 * 3600


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandInProcess]:
    """A stand-in of this file's own, because a clock moves for everybody; what settles takes a day."""
    state = tmp_path_factory.mktemp("clock") / "state.sqlite3"
    process = StandInProcess({"state": state, "settle_seconds": DAY, "refund_seconds": 2 * DAY}).start()
    yield process
    process.kill()


def forward(stand_in: StandInProcess, seconds: float) -> Any:
    return stand_in.control("POST", "/clock", {"forward_seconds": seconds})


def test_everything_happens_in_its_time(moving: StandInProcess) -> None:
    client = moving.client()
    refund = client.v1.refunds.create({"payment_intent": buy(moving, card="pm_card_pendingRefund").id})
    debit, waiting = buy(moving, outcome="settles"), create_session(client)
    before = moving.control("GET", "/clock")["offset_seconds"]
    assert forward(moving, DAY - HOUR)["offset_seconds"] - before == pytest.approx(DAY - HOUR, abs=5)
    assert client.v1.payment_intents.retrieve(debit.id).status == "processing"
    forward(moving, 5 * DAY)
    assert client.v1.payment_intents.retrieve(debit.id).status == "succeeded"
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert client.v1.checkout.sessions.retrieve(waiting.id).status == "expired"
    assert events_about(client, refund.id)[1]["created"] == pytest.approx(refund.created + 2 * DAY, abs=5)
    assert events_about(client, debit.id)[-1]["created"] == pytest.approx(debit.created + DAY, abs=5)


def test_an_event_is_shown_for_30_days(moving: StandInProcess) -> None:
    client = moving.client()
    create_customer(client)
    event = client.v1.events.list({"type": "customer.created"}).data[0]
    forward(moving, 30 * DAY - HOUR)
    assert client.v1.events.retrieve(event.id).id == event.id
    forward(moving, 2 * HOUR)
    assert client.v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.events.retrieve(event.id)
    assert caught.value.http_status == 404


def test_keys_are_forgotten_after_24_hours(moving: StandInProcess) -> None:
    def post() -> str:
        return str(moving.api("POST", "/v1/customers", {"name": "A"}, Idempotency_Key="k").json()["id"])

    first = post()
    forward(moving, DAY - HOUR)
    assert post() == first
    forward(moving, 2 * HOUR)
    assert post() != first


def test_it_is_kept_over_a_restart_and_never_goes_back(moving: StandInProcess) -> None:
    now = forward(moving, 3 * DAY)["now"]
    moving.kill()
    moving.start()
    assert now <= moving.control("GET", "/clock")["now"] <= now + 20
    assert now <= create_customer(moving.client()).created <= now + 20
    assert now <= moving.control("POST", "/clock", {})["now"] <= now + 20


def test_an_expiry_is_measured_on_it(moving: StandInProcess) -> None:
    forward(moving, DAY)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create_session(moving.client(), expires_at=int(time.time()) + HOUR)
    assert caught.value.param == "expires_at"


def test_money_becomes_available(moving: StandInProcess) -> None:
    client = moving.client()
    buy(moving)
    forward(moving, 2 * DAY)
    assert [one.status for one in client.v1.balance_transactions.list({"limit": 1}).data] == ["available"]


def test_an_inquiry_lapses(moving: StandInProcess) -> None:
    made = moving.control("POST", "/disputes", {"payment_intent": buy(moving).id, "status": "warning_needs_response"})
    forward(moving, 121 * DAY)
    assert moving.client().v1.disputes.retrieve(made["id"]).status == "warning_closed"


def test_retries_come_sooner(start_stand_in: StartStandIn, receiver: Receiver) -> None:
    receiver.answers["/webhooks"] = [500]
    hooks = {"webhook_url": f"{receiver.url}/webhooks", "webhook_secret": WEBHOOK_SECRET}
    stand_in = start_stand_in(**hooks, retry_base_seconds=HOUR)
    create_customer(stand_in.client())
    receiver.wait_for("customer.created")
    wait_until(lambda: stand_in.control("GET", "/deliveries")["deliveries"][0]["attempts"] == 1)
    forward(stand_in, HOUR)
    first, second = receiver.wait_for("customer.created", 2)
    stripe.Webhook.construct_event(second.body, second.headers["Stripe-Signature"], WEBHOOK_SECRET)
    assert first.body == second.body


def test_it_goes_forward_only(moving: StandInProcess) -> None:
    for seconds in (-1, "1", None):
        answer = requests.post(f"{moving.url}/_control/clock", json={"forward_seconds": seconds}, timeout=10)
        assert answer.status_code == 400

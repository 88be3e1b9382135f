import threading
from pathlib import Path

import pytest
import requests
import stripe

from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.objects import buy, create_customer, create_price, create_session, types_about
from tests.fake_stripe.processes import wait_until


def test_it_keeps_everything_over_a_restart(start_stand_in: StartStandIn, tmp_path: Path) -> None:
    stand_in = start_stand_in(state=tmp_path / "state.sqlite3")
    client = stand_in.client()
    customer, price = create_customer(client), create_price(client)
    paid, waiting = (create_session(client, customer=customer.id) for _ in range(2))
    stand_in.pay(paid, "paid")
    events = [event.id for event in client.v1.events.list({"limit": 100}).data]
    assert stand_in.stop() == 0
    client = stand_in.start().client()
    assert client.v1.customers.retrieve(customer.id).to_dict() == customer.to_dict()
    assert client.v1.prices.retrieve(price.id).to_dict() == price.to_dict()
    assert client.v1.checkout.sessions.retrieve(paid.id).payment_status == "paid"
    assert [event.id for event in client.v1.events.list({"limit": 100}).data] == events
    assert stand_in.pay(waiting, "paid").status_code == 303


def test_it_keeps_what_it_acknowledged_when_killed(start_stand_in: StartStandIn, tmp_path: Path) -> None:
    stand_in = start_stand_in(state=tmp_path / "state.sqlite3")
    acknowledged: list[str] = []

    def work() -> None:
        client = stand_in.client()
        try:
            while True:
                acknowledged.append(create_customer(client).id)
        except (stripe.APIConnectionError, requests.ConnectionError):
            return

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    wait_until(lambda: len(acknowledged) >= 60, seconds=30)
    stand_in.kill()
    for worker in workers:
        worker.join()
    client = stand_in.start().client()
    kept = {one.id for one in client.v1.customers.list({"limit": 100}).auto_paging_iter()}
    created = [event for event in client.v1.events.list({"limit": 100}).auto_paging_iter()]
    assert set(acknowledged) <= kept
    assert {event.data.object["id"] for event in created} == kept
    assert len(kept) <= len(acknowledged) + 3


def test_it_settles_what_a_killed_process_had_promised(start_stand_in: StartStandIn, tmp_path: Path) -> None:
    stand_in = start_stand_in(state=tmp_path / "state.sqlite3", settle_seconds=0.5)
    made = create_session(stand_in.client())
    stand_in.pay(made, "settles")
    stand_in.kill()
    client = stand_in.start().client()
    settled = "checkout.session.async_payment_succeeded"
    wait_until(lambda: client.v1.events.list({"type": settled}).data)
    assert client.v1.checkout.sessions.retrieve(made.id).payment_status == "paid"
    assert len(client.v1.events.list({"type": settled}).data) == 1


def test_it_keeps_refunds_and_disputes_of_a_killed_process(start_stand_in: StartStandIn, tmp_path: Path) -> None:
    stand_in = start_stand_in(state=tmp_path / "state.sqlite3", refund_seconds=0.5)
    client = stand_in.client()
    refunded, disputed = buy(stand_in, card="pm_card_pendingRefund"), buy(stand_in)
    refund = client.v1.refunds.create({"payment_intent": refunded.id})
    dispute = stand_in.control("POST", "/disputes", {"payment_intent": disputed.id})
    money = stand_in.control("GET", "/money")
    stand_in.control("POST", "/deliveries/plan", {"mode": "never"})
    stand_in.kill()
    client = stand_in.start().client()
    wait_until(lambda: client.v1.refunds.retrieve(refund.id).status == "succeeded")
    assert types_about(client, refund.id) == ["refund.created", "refund.updated", "charge.refund.updated"]
    assert client.v1.disputes.retrieve(dispute["id"]).status == "needs_response"
    assert stand_in.control("GET", "/money") == money
    assert stand_in.control("GET", "/deliveries/plan")["mode"] == "never"


def test_it_keeps_nothing_without_a_state_file(start_stand_in: StartStandIn) -> None:
    stand_in = start_stand_in()
    customer = create_customer(stand_in.client())
    stand_in.stop()
    with pytest.raises(stripe.InvalidRequestError):
        stand_in.start().client().v1.customers.retrieve(customer.id)

from typing import Any

import pytest
import requests
import stripe

from tests.fake_stripe.objects import buy, create_session, events_about, types_about
from tests.fake_stripe.processes import StandInProcess, wait_until


def charge_of(client: stripe.StripeClient, intent: Any) -> Any:
    return client.v1.charges.retrieve(intent.latest_charge.id)


def test_it_works(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    refund: Any = client.v1.refunds.create({"payment_intent": intent.id, "metadata": {"purchaseId": "41"}})
    charge = charge_of(client, intent)
    assert (refund.status, refund.amount, refund.currency) == ("succeeded", 3900, "usd")
    assert (refund.charge, refund.payment_intent) == (charge.id, intent.id)
    assert (charge.amount_refunded, charge.refunded, charge.status) == (3900, True, "succeeded")
    assert client.v1.refunds.retrieve(refund.id).to_dict()["metadata"] == {"purchaseId": "41"}
    assert [one.id for one in client.v1.refunds.list({"payment_intent": intent.id}).data] == [refund.id]


def test_it_refunds_in_parts(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    charge_id = intent.latest_charge.id
    first = client.v1.refunds.create({"charge": charge_id, "amount": 900})
    partly = charge_of(client, intent)
    assert (partly.amount_refunded, partly.refunded) == (900, False)
    second = client.v1.refunds.create({"charge": charge_id})
    assert second.amount == 3000
    charge: Any = client.v1.charges.retrieve(charge_id, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (3900, True)
    assert [one.id for one in charge.refunds.data] == [second.id, first.id]


def test_it_tells_of_the_charge_and_the_refund(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 900})
    refunded = events_about(client, intent.latest_charge.id)[-1]
    assert refunded["type"] == "charge.refunded"
    assert refunded["data"]["object"]["amount_refunded"] == 900
    assert refunded["data"]["previous_attributes"] == {"amount_refunded": 0}
    assert types_about(client, refund.id)[0] == "refund.created"


def test_a_cards_refund_gets_its_reference_later(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    refund: Any = client.v1.refunds.create({"payment_intent": buy(stand_in).id})
    assert refund.destination_details.card.reference_status == "pending"
    wait_until(lambda: "refund.updated" in types_about(client, refund.id))
    found: Any = client.v1.refunds.retrieve(refund.id)
    assert (found.status, found.destination_details.card.reference_status) == ("succeeded", "available")
    assert types_about(client, refund.id) == ["refund.created", "refund.updated", "charge.refund.updated"]


@pytest.mark.parametrize(("first", "amount", "whole"), [(0, 3901, "charge amount ($39.00)"), (900, 3001, "($30.00)")])
def test_it_refuses_more_than_is_left(
    client: stripe.StripeClient, stand_in: StandInProcess, first: int, amount: int, whole: str
) -> None:
    intent = buy(stand_in)
    if first:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": first})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": amount})
    assert whole in str(caught.value)
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (400, "amount", None)
    assert charge_of(client, intent).amount_refunded == first


def test_it_refuses_what_is_refunded_already(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_already_refunded"


def test_it_refuses_what_was_never_paid(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    stand_in.pay(made, "declined")
    intent = str(client.v1.checkout.sessions.retrieve(made.id).payment_intent)
    failed = client.v1.charges.list({"payment_intent": intent}).data[0].id
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        client.v1.refunds.create({"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": failed})
    assert caught.value.code == "charge_not_refundable"


REFUSED: list[tuple[dict[str, Any], str | None, str | None]] = [
    ({}, None, None),
    ({"payment_intent": "pi_nobody"}, "payment_intent", "resource_missing"),
    ({"charge": "ch_1", "payment_intent": "pi_1"}, "charge", None),
    ({"charge": "ch_1", "reason": "whim"}, "reason", None),
    ({"charge": "ch_1", "refund_application_fee": True}, "refund_application_fee", "stand_in_not_implemented"),
]


@pytest.mark.parametrize(("params", "param", "code"), REFUSED)
def test_it_rejects(client: stripe.StripeClient, params: Any, param: str | None, code: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create(params)
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (400, param, code)


@pytest.mark.parametrize("amount", [0, -5])
def test_it_rejects_nothing_and_less(client: stripe.StripeClient, stand_in: StandInProcess, amount: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": buy(stand_in).id, "amount": amount})
    assert (caught.value.param, caught.value.code) == ("amount", "parameter_invalid_integer")


def test_it_changes_metadata_only(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    refund = client.v1.refunds.create({"payment_intent": buy(stand_in).id, "metadata": {"a": "1"}})
    changed = client.v1.refunds.update(refund.id, {"metadata": {"b": "2"}})
    assert changed.to_dict()["metadata"] == {"a": "1", "b": "2"}
    wait_until(lambda: "refund.updated" in types_about(client, refund.id))
    answer = stand_in.api("POST", f"/v1/refunds/{refund.id}", {"amount": "1"})
    assert answer.json()["error"]["code"] == "parameter_unknown"


def test_a_pending_refund_succeeds_later(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in, card="pm_card_pendingRefund")
    refund: Any = client.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert charge_of(client, intent).refunded is True
    wait_until(lambda: client.v1.refunds.retrieve(refund.id).status == "succeeded")
    updated = events_about(client, refund.id)[1]
    assert updated["type"] == "refund.updated"
    assert updated["data"]["previous_attributes"] == {"pending_reason": "processing", "status": "pending"}
    assert "refund.failed" not in types_about(client, refund.id)


def test_a_succeeded_refund_fails_later(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in, card="pm_card_refundFail")
    refund: Any = client.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    wait_until(lambda: client.v1.refunds.retrieve(refund.id).status == "failed")
    failed: Any = client.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    charge = charge_of(client, intent)
    assert failed.failure_reason == "expired_or_canceled_card"
    assert failed.failure_balance_transaction.amount == 3900
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    expected = ["refund.created", "refund.updated", "charge.refund.updated", "refund.failed"]
    assert types_about(client, refund.id) == expected


def test_a_bank_debit_is_refunded_in_time(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in, outcome="settles")
    wait_until(lambda: client.v1.payment_intents.retrieve(intent.id).status == "succeeded")
    refund: Any = client.v1.refunds.create({"payment_intent": intent.id})
    assert (refund.status, refund.destination_details.type) == ("pending", "us_bank_transfer")
    wait_until(lambda: client.v1.refunds.retrieve(refund.id).status == "succeeded")
    assert "charge.refund.updated" not in types_about(client, refund.id)


def test_the_control_call_chooses_the_course(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    order = {"payment_intent": buy(stand_in).id, "amount": 900, "course": "pending_fails", "reason": "duplicate"}
    refund = stand_in.control("POST", "/refunds", order)
    assert (refund["status"], refund["reason"], refund["amount"]) == ("pending", "duplicate", 900)
    wait_until(lambda: client.v1.refunds.retrieve(refund["id"]).status == "failed")


def test_only_a_refund_that_waits_can_be_canceled(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    refund = stand_in.control("POST", "/refunds", {"payment_intent": intent.id, "course": "requires_action"})
    assert refund["status"] == "requires_action"
    canceled = client.v1.refunds.cancel(refund["id"])
    assert (canceled.status, canceled.failure_reason) == ("canceled", "merchant_request")
    assert charge_of(client, intent).amount_refunded == 0
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        client.v1.refunds.cancel(refund["id"])


def test_the_control_call_fails_a_refund_once(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    refund = client.v1.refunds.create({"payment_intent": buy(stand_in).id})
    failed = stand_in.control("POST", f"/refunds/{refund.id}/fail", {"reason": "lost_or_stolen_card"})
    assert (failed["status"], failed["failure_reason"]) == ("failed", "lost_or_stolen_card")
    again = requests.post(f"{stand_in.url}/_control/refunds/{refund.id}/fail", timeout=10)
    assert again.status_code == 400
    assert types_about(client, refund.id).count("refund.failed") == 1


def test_two_refunds_at_once_never_exceed_the_charge(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    from concurrent.futures import ThreadPoolExecutor

    intent = buy(stand_in)

    def refund(_: int) -> int:
        return stand_in.api("POST", "/v1/refunds", {"payment_intent": intent.id, "amount": "1500"}).status_code

    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(refund, range(5)))
    assert sorted(statuses) == [200, 200, 400, 400, 400]
    assert charge_of(client, intent).amount_refunded == 3000


def test_what_failed_can_be_refunded_again(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    first = client.v1.refunds.create({"payment_intent": intent.id})
    stand_in.control("POST", f"/refunds/{first.id}/fail")
    assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 3900

from typing import Any

import pytest
import requests
import stripe

from tests.fake_stripe.objects import buy, events_about, types_about
from tests.fake_stripe.processes import StandInProcess, wait_until


def dispute(stand_in: StandInProcess, intent: Any, **order: object) -> Any:
    """Contest a payment and return the dispute."""
    return stand_in.control("POST", "/disputes", {"payment_intent": intent.id, **order})


def move(stand_in: StandInProcess, made: Any, name: str, **order: object) -> Any:
    return stand_in.control("POST", f"/disputes/{made['id']}/{name}", order)


def amounts(found: Any) -> list[int]:
    return [one.amount for one in found.balance_transactions]


def test_it_works(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    made = dispute(stand_in, intent)
    found: Any = client.v1.disputes.retrieve(made["id"], {"expand": ["charge", "payment_intent"]})
    assert (found.status, found.reason, found.amount) == ("needs_response", "fraudulent", 3900)
    assert (found.charge.disputed, found.payment_intent.id) == (True, intent.id)
    assert amounts(found) == [-3900]
    assert found.balance_transactions[0].net == -5400
    assert types_about(client, found.id) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert [one.id for one in client.v1.disputes.list({"payment_intent": intent.id}).data] == [found.id]


def test_a_won_dispute_brings_the_money_back(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in))
    move(stand_in, made, "submit")
    move(stand_in, made, "win")
    found = client.v1.disputes.retrieve(made["id"])
    assert (found.status, amounts(found)) == ("won", [-3900, 3900])
    assert types_about(client, found.id)[2:] == [
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    updated = events_about(client, found.id)[2]
    assert updated["data"]["previous_attributes"]["status"] == "needs_response"


def test_a_lost_dispute_does_not(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in))
    move(stand_in, made, "lose")
    found = client.v1.disputes.retrieve(made["id"])
    assert (found.status, amounts(found)) == ("lost", [-3900])
    assert types_about(client, found.id)[2:] == ["charge.dispute.closed"]


def test_a_dispute_can_be_won_in_part(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in))
    move(stand_in, made, "lose", reinstated_amount=900)
    found = client.v1.disputes.retrieve(made["id"])
    assert (found.status, amounts(found)) == ("lost", [-3900, 900])
    assert types_about(client, found.id)[-1] == "charge.dispute.funds_reinstated"


def test_the_bank_can_turn_around_twice(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in))
    move(stand_in, made, "win")
    for status, moved, letter in (("lost", -3900, "funds_withdrawn"), ("won", 3900, "funds_reinstated")):
        move(stand_in, made, "turn")
        found = client.v1.disputes.retrieve(made["id"])
        assert (found.status, amounts(found)[-1]) == (status, moved)
        told = types_about(client, found.id)[-2:]
        assert told == ["charge.dispute.closed", f"charge.dispute.{letter}"]
    assert amounts(found) == [-3900, 3900, -3900, 3900]


def test_only_a_decision_can_be_turned(stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in))
    with pytest.raises(requests.HTTPError):
        move(stand_in, made, "turn")


def test_only_what_is_away_can_be_reinstated(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in), amount=2000)
    move(stand_in, made, "reinstate", amount=1500)
    with pytest.raises(requests.HTTPError):
        move(stand_in, made, "reinstate", amount=501)
    move(stand_in, made, "reinstate")
    found = client.v1.disputes.retrieve(made["id"])
    assert (found.status, amounts(found)) == ("needs_response", [-2000, 1500, 500])


def test_an_inquiry_moves_no_money(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    made = dispute(stand_in, intent, status="warning_needs_response")
    move(stand_in, made, "submit")
    assert client.v1.disputes.retrieve(made["id"]).status == "warning_under_review"
    move(stand_in, made, "win")
    found = client.v1.disputes.retrieve(made["id"])
    assert (found.status, amounts(found)) == ("warning_closed", [])
    created, updated, closed = types_about(client, found.id)
    assert (created, updated, closed) == (
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
    )


def test_an_inquiry_becomes_a_dispute(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in), status="warning_needs_response")
    move(stand_in, made, "escalate")
    found = client.v1.disputes.retrieve(made["id"])
    assert (found.status, amounts(found)) == ("needs_response", [-3900])
    assert types_about(client, found.id)[1:] == ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]


def test_a_prevented_dispute_moves_no_money(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in), status="prevented")
    assert types_about(client, made["id"]) == ["charge.dispute.created"]


def test_evidence_is_saved_and_then_sent(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in))
    saved = client.v1.disputes.update(made["id"], {"evidence": {"customer_name": "Ada"}, "submit": False})
    assert (saved.status, saved.evidence.customer_name) == ("needs_response", "Ada")
    assert (saved.evidence_details.has_evidence, saved.evidence_details.submission_count) == (True, 0)
    sent = client.v1.disputes.update(made["id"], {"evidence": {"product_description": "Credits"}})
    assert (sent.status, sent.evidence.customer_name) == ("under_review", "Ada")
    assert sent.evidence_details.submission_count == 1
    with pytest.raises(stripe.InvalidRequestError, match="already under_review"):
        client.v1.disputes.update(made["id"], {"evidence": {"customer_name": "Bob"}})


@pytest.mark.parametrize(("text", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_stripes_words_decide_it(client: stripe.StripeClient, stand_in: StandInProcess, text: str, status: str) -> None:
    made = dispute(stand_in, buy(stand_in))
    client.v1.disputes.update(made["id"], {"evidence": {"uncategorized_text": text}})
    wait_until(lambda: client.v1.disputes.retrieve(made["id"]).status == status)


def test_stripes_words_escalate_an_inquiry(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in), status="warning_needs_response")
    client.v1.disputes.update(made["id"], {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}})
    wait_until(lambda: client.v1.disputes.retrieve(made["id"]).status == "needs_response")


def test_closing_it_loses_it(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in))
    assert client.v1.disputes.close(made["id"]).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.close(made["id"])


@pytest.mark.parametrize(
    ("card", "status"),
    [
        ("pm_card_createDispute", "needs_response"),
        ("4000 0000 0000 2685", "needs_response"),
        ("pm_card_createDisputeInquiry", "warning_needs_response"),
    ],
)
def test_test_cards_dispute_by_themselves(
    client: stripe.StripeClient, stand_in: StandInProcess, card: str, status: str
) -> None:
    intent = buy(stand_in, card=card)
    found = wait_until(lambda: client.v1.disputes.list({"payment_intent": intent.id}).data)
    assert [one.status for one in found] == [status]


def test_a_disputed_charge_is_not_refunded(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    made = dispute(stand_in, intent)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.code == "charge_disputed"
    move(stand_in, made, "win")
    assert client.v1.refunds.create({"payment_intent": intent.id}).status == "succeeded"


def test_metadata_can_change(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = dispute(stand_in, buy(stand_in))
    assert client.v1.disputes.update(made["id"], {"metadata": {"a": "1"}}).to_dict()["metadata"] == {"a": "1"}
    assert client.v1.disputes.retrieve(made["id"]).status == "needs_response"


@pytest.mark.parametrize(
    "order",
    [{"status": "won"}, {"reason": "whim"}, {"amount": 0}, {"amount": 3901}, {"amount": "all"}, {"colour": "red"}],
)
def test_it_rejects_orders_of_no_sense(stand_in: StandInProcess, order: dict[str, object]) -> None:
    with pytest.raises(requests.HTTPError):
        dispute(stand_in, buy(stand_in), **order)


def test_there_is_one_open_dispute_a_charge(stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    made = dispute(stand_in, intent)
    with pytest.raises(requests.HTTPError):
        dispute(stand_in, intent)
    move(stand_in, made, "win")
    with pytest.raises(requests.HTTPError):
        move(stand_in, made, "lose")

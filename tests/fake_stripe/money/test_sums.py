from typing import Any

import stripe

from tests.fake_stripe.objects import buy, price_data
from tests.fake_stripe.processes import StandInProcess


def money_of(stand_in: StandInProcess, intent: Any) -> Any:
    return stand_in.control("GET", "/money")["payment_intents"][intent.id]


def test_a_payment_is_a_movement(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    charge: Any = client.v1.charges.retrieve(intent.latest_charge.id, {"expand": ["balance_transaction.source"]})
    moved = charge.balance_transaction
    assert (moved.amount, moved.fee, moved.net, moved.type) == (3900, 143, 3757, "charge")
    assert (moved.source.id, moved.status) == (charge.id, "pending")
    assert client.v1.balance_transactions.retrieve(moved.id).amount == 3900


def test_it_sums_by_payment_intent(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 900})
    made = stand_in.control("POST", "/disputes", {"payment_intent": intent.id, "amount": 3000})
    stand_in.control("POST", f"/disputes/{made['id']}/lose", {"reinstated_amount": 500})
    assert money_of(stand_in, intent) == {
        "currency": "usd",
        "charged": 3900,
        "refunded": 900,
        "disputed": 3000,
        "reinstated": 500,
        "fees": 1643,
        "net": 3900 - 900 - 3000 + 500 - 1643,
    }


def test_a_failed_refund_leaves_nothing_refunded(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    stand_in.control("POST", f"/refunds/{refund.id}/fail")
    assert money_of(stand_in, intent)["refunded"] == 0


def test_a_won_dispute_gives_the_money_back_without_its_fee(stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    made = stand_in.control("POST", "/disputes", {"payment_intent": intent.id})
    stand_in.control("POST", f"/disputes/{made['id']}/win")
    money = money_of(stand_in, intent)
    assert (money["disputed"], money["reinstated"], money["fees"]) == (3900, 3900, 1643)


def test_currencies_are_kept_apart(stand_in: StandInProcess) -> None:
    before = stand_in.control("GET", "/money")["currencies"].get("jpy", {"charged": 0})
    intent = buy(stand_in, line_items=[{"price_data": price_data(5000, "jpy"), "quantity": 1}])
    after = stand_in.control("GET", "/money")["currencies"]["jpy"]
    assert after["charged"] - before["charged"] == 5000
    assert money_of(stand_in, intent)["currency"] == "jpy"


def test_it_lists_by_type_source_and_currency(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in)
    refund = client.v1.refunds.create({"payment_intent": intent.id})
    listed = client.v1.balance_transactions.list
    assert [one.type for one in listed({"source": refund.id}).data] == ["refund"]
    assert {one.type for one in listed({"type": "charge", "currency": "usd"}).data} == {"charge"}
    assert [one.amount for one in listed({"limit": 2}).data] == [-3900, 3900]


def test_what_was_declined_moves_nothing(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in, card="pm_card_visa_chargeDeclined")
    assert intent.latest_charge.balance_transaction is None
    assert intent.id not in stand_in.control("GET", "/money")["payment_intents"]

"""reconcile(): refunds and disputes, and what Stripe does not know at all."""

from typing import Any

import pytest
from sqlalchemy import update

from payapp.billing.models import Refund
from tests.billing.reconciling import Town, credits_of, repairs, summary
from tests.factories import make_purchase


def test_it_takes_back_what_was_refunded_and_never_told(town: Town) -> None:
    purchase = town.buy()
    refund = town.refund(purchase, 1950, is_told=False)
    found = town.find_one()
    assert summary(found) == ("missing_refund", purchase.id, town.user.id, 1950, "usd", -250)
    assert found.about == refund.id
    assert repairs(town, "missing_refund")
    assert credits_of(town) == 750


def test_it_gives_back_what_a_failed_refund_took(town: Town) -> None:
    purchase = town.buy()
    refund = town.refund(purchase, 3900, status="pending")
    town.refund(purchase, 3900, status="failed", id=refund.id, is_told=False)
    assert summary(town.find_one()) == ("missing_refund", purchase.id, town.user.id, 3900, "usd", 500)
    assert repairs(town, "missing_refund")
    assert credits_of(town) == 1000


def test_it_grants_and_takes_back_in_one_run(town: Town) -> None:
    purchase = town.buy(is_told=False)
    town.refund(purchase, 3900, is_told=False)
    assert town.repair() == ["missing_grant", "missing_refund"]
    assert town.find() == []
    assert credits_of(town) == 500


@pytest.mark.parametrize(("told", "kind"), [("lost", "missing_dispute"), ("won", "missing_dispute")])
def test_it_records_how_a_dispute_ended(town: Town, told: str, kind: str) -> None:
    purchase = town.buy()
    town.dispute(purchase)
    town.dispute(purchase, told, is_told=False)
    credits, money = (500, 3900) if told == "won" else (0, 0)
    assert summary(town.find_one()) == (kind, purchase.id, town.user.id, money, "usd", credits)
    assert repairs(town, kind)
    assert credits_of(town) == 500 + credits


def test_it_takes_again_what_was_won_and_then_lost(town: Town) -> None:
    purchase = town.buy()
    town.dispute(purchase, "won")
    moved = [{"amount": -3900}, {"amount": 3900}, {"amount": -3900}]
    town.dispute(purchase, "lost", balance_transactions=moved, is_told=False)
    assert summary(town.find_one()) == ("missing_dispute", purchase.id, town.user.id, 3900, "usd", -500)
    assert repairs(town, "missing_dispute")
    assert credits_of(town) == 500


def test_it_leaves_it_to_staff_when_no_money_tells_whether_won_or_lost_came_last(town: Town) -> None:
    purchase = town.buy()
    away = [{"amount": -3900}]
    town.dispute(purchase, "won", balance_transactions=away)
    town.dispute(purchase, "lost", balance_transactions=away, is_told=False)
    found = town.find_one()
    assert (found.kind, found.remedy, found.credits) == ("disagreement", None, -500)


def test_it_records_a_dispute_that_was_never_told(town: Town) -> None:
    purchase = town.buy()
    town.dispute(purchase, is_told=False)
    assert summary(town.find_one()) == ("missing_dispute", purchase.id, town.user.id, 3900, "usd", -500)
    assert repairs(town, "missing_dispute")


@pytest.mark.parametrize(
    "edited", [{"amount": 1}, {"currency": "eur"}, {"livemode": True}, {"status": "failed"}, {"status": "canceled"}]
)
def test_it_leaves_a_refund_that_was_edited_to_staff(town: Town, edited: dict[str, Any]) -> None:
    town.refund(town.buy(), 1000)
    town.session.execute(update(Refund).values(**edited))
    town.session.commit()
    found = town.find()
    assert "disagreement" in [one.kind for one in found]
    assert [one.remedy for one in found] == [None] * len(found)


def test_it_does_not_mind_a_dispute_that_goes_back_and_takes_the_same(town: Town) -> None:
    purchase = town.buy()
    town.dispute(purchase, "under_review")
    town.dispute(purchase, "needs_response", is_told=False)
    assert town.find() == []


# ---- what Stripe does not know


def test_it_names_a_grant_whose_session_stripe_does_not_know(town: Town) -> None:
    purchase = town.buy()
    town.stripe.objects["session"].popitem()
    found = town.find_one()
    assert summary(found) == ("unknown_at_stripe", purchase.id, town.user.id, 3900, "usd", -500)
    assert found.remedy is None


def test_it_closes_a_pending_purchase_whose_session_stripe_does_not_know(town: Town) -> None:
    make_purchase(town.session, town.user)
    assert repairs(town, "stuck_pending")


def test_it_does_not_miss_what_was_made_while_the_list_was_read(town: Town) -> None:
    def buy(kind: str) -> None:
        if kind == "refund":
            town.stripe.on_page = lambda kind: None
            town.buy()

    town.stripe.on_page = buy
    assert town.find() == []


def test_it_leaves_purchases_of_the_other_mode_alone(town: Town) -> None:
    make_purchase(town.session, town.user, livemode=True)
    assert town.find() == []


@pytest.mark.parametrize("kind", ["refund", "dispute"])
def test_it_names_money_returned_that_stripe_does_not_know(town: Town, kind: str) -> None:
    purchase = town.buy()
    town.refund(purchase, 3900) if kind == "refund" else town.dispute(purchase)
    town.stripe.objects[kind].clear()
    found = town.find_one()
    assert summary(found) == ("unknown_at_stripe", purchase.id, town.user.id, 3900, "usd", 500)
    assert found.remedy is None


def test_it_names_what_can_not_be_read_if_it_is_ours(town: Town) -> None:
    purchase = town.buy()
    town.put(purchase, status=None)
    town.stripe.add("session", {"id": "cs_stranger"})
    found = town.find_one()
    assert (found.kind, found.about) == ("unreadable", purchase.stripe_checkout_session_id)

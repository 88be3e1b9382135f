"""plan_refund(), plan_unspent_refund() and refund_purchase(), against the stand-in for Stripe."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.checkout.fulfillment import fulfill_checkout
from payapp.billing.errors import RefundRefusedError, UnknownPurchaseError
from payapp.billing.models import Purchase, RefundRequest
from payapp.billing.returns.clawbacks import record_refund
from payapp.billing.returns.refund_plans import RefundPlan, plan_refund, plan_unspent_refund
from payapp.billing.returns.refunding import HOLD_FEATURE, refund_purchase
from payapp.database.clock import utc_now
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import HoldBelongsToAnotherError
from payapp.ledger.holds import find_hold_status, place_hold, release_hold, spend
from payapp.ledger.makers import USER
from payapp.ledger.makers import service as a_service
from payapp.ledger.models import Hold
from payapp.ledger.verification import verify
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import StripeRefusedError, StripeUnavailableError
from tests.billing.conftest import DieAfterStripe
from tests.billing.returning import Sale
from tests.billing.shop import Shop
from tests.stand_in import StandIn

CREATE_REFUND = "POST /v1/refunds"


@pytest.fixture
def purchase(stripe: StandIn, shop: Shop, user: User) -> Purchase:
    """500 credits for 39.00, paid at the stand-in and granted."""
    shop.buy()
    [bought] = shop.purchases
    stripe.pay(str(bought.stripe_checkout_session_id))
    fulfill_checkout(shop.session, shop.service.get_checkout_session(str(bought.stripe_checkout_session_id)))
    shop.session.commit()
    return bought


def refunds_at_stripe(stripe: StandIn, purchase: Purchase) -> list[tuple[int, str]]:
    listed = stripe.get("/v1/refunds", payment_intent=str(purchase.stripe_payment_intent_id), limit="100")["data"]
    return [(refund["amount"], refund["status"]) for refund in reversed(listed)]


def numbers_of(session: Session, purchase: Purchase) -> tuple[int, int]:
    session.rollback()
    balance = get_balance(session, purchase.user_id)
    return balance.posted, balance.held


def test_it_refunds_all(stripe: StandIn, service: StripeService, session: Session, purchase: Purchase) -> None:
    plan = plan_refund(session, purchase.id)
    assert plan == RefundPlan(purchase.id, purchase.user_id, 3900, "usd", 500, 0, is_of_unspent=False)
    assert refund_purchase(session, service, plan).status == "succeeded"
    assert refunds_at_stripe(stripe, purchase) == [(3900, "succeeded")]
    assert numbers_of(session, purchase) == (0, 0)
    assert verify(session) == []


def test_it_refunds_a_part(stripe: StandIn, service: StripeService, session: Session, purchase: Purchase) -> None:
    for amount in (1000, 900):
        refund_purchase(session, service, plan_refund(session, purchase.id, amount))
    assert refunds_at_stripe(stripe, purchase) == [(1000, "succeeded"), (900, "succeeded")]
    assert numbers_of(session, purchase) == (500 - 500 * 1900 // 3900, 0)
    assert plan_refund(session, purchase.id).amount == 2000


def test_it_refunds_exactly_what_is_unspent(
    stripe: StandIn, service: StripeService, session: Session, purchase: Purchase
) -> None:
    spend(session, purchase.user_id, 123, feature="test")
    place_hold(session, purchase.user_id, 77, feature="test")
    session.commit()
    plan = plan_unspent_refund(session, purchase.id)
    assert (plan.amount, plan.credits, plan.available_after) == (2340, 300, 0)
    refund_purchase(session, service, plan)
    assert numbers_of(session, purchase) == (77, 77)
    with pytest.raises(RefundRefusedError, match="nothing"):
        plan_unspent_refund(session, purchase.id)


@pytest.mark.usefixtures("stripe")
def test_credits_of_overdue_holds_are_unspent_and_those_of_others_in_force_are_not(
    service: StripeService, session: Session, purchase: Purchase
) -> None:
    """Whoever made the holds: the refund ends none of them that binds anything, and nobody ends the refund's own."""
    user_id = purchase.user_id
    in_force = [place_hold(session, user_id, 50, feature="test", maker=maker).id for maker in (USER, a_service("a"))]
    overdue = place_hold(session, user_id, 400, feature="test", maker=USER, expires_in_seconds=-1).id
    session.commit()
    plan = plan_unspent_refund(session, purchase.id)
    assert (plan.credits, plan.available_after) == (400, 0)
    refund_purchase(session, service, plan)
    assert numbers_of(session, purchase) == (100, 100)
    held = select(Hold.status, Hold.maker, Hold.id).where(Hold.feature == HOLD_FEATURE)
    status, maker, hold_id = session.execute(held).one()
    assert (status, maker) == ("released", "app")
    with pytest.raises(HoldBelongsToAnotherError):
        release_hold(session, hold_id, maker=USER)
    assert [find_hold_status(session, each) for each in (*in_force, overdue)] == ["open", "open", "expired"]
    assert verify(session) == []


@pytest.mark.parametrize("package_id", ["starter", "growth", "pro"])
def test_the_unspent_part_is_exact_for_every_number_of_credits(session: Session, package_id: str) -> None:
    sale = Sale(session, package_id)
    for _ in range(99):
        spend(session, sale.user_id, 1, feature="test")
        plan = plan_unspent_refund(session, sale.purchase.id)
        left = get_balance(session, sale.user_id).available
        worth = sale.purchase.amount_total * left / sale.purchase.credits
        assert (plan.credits, plan.available_after) == (left, 0)
        assert worth <= plan.amount < worth + 1


def test_cheap_credits_are_rounded_so_that_no_spent_one_is_taken(session: Session) -> None:
    """1,000 credits for 9 cents: half a cent's worth can't be refunded."""
    sale = Sale(session, "starter", is_paid=False)
    sale.purchase.credits, sale.purchase.amount_total = 1000, 9
    session.flush()
    sale.pay()
    spend(session, sale.user_id, 500, feature="test")
    plan = plan_unspent_refund(session, sale.purchase.id)
    assert (plan.amount, plan.credits, plan.available_after) == (4, 444, 56)


def test_nobody_spends_meanwhile_what_is_being_refunded(
    stripe: StandIn, service: StripeService, session: Session, purchase: Purchase
) -> None:
    plan = plan_unspent_refund(session, purchase.id)
    spend(session, purchase.user_id, 1, feature="test")
    session.commit()
    with pytest.raises(RefundRefusedError, match="meanwhile"):
        refund_purchase(session, service, plan)
    assert refunds_at_stripe(stripe, purchase) == []


def test_spent_credits_become_a_debt_and_the_plan_says_so(
    stripe: StandIn, service: StripeService, session: Session, purchase: Purchase
) -> None:
    spend(session, purchase.user_id, 400, feature="test")
    session.commit()
    plan = plan_refund(session, purchase.id)
    assert plan.available_after == -400
    refund_purchase(session, service, plan)
    assert numbers_of(session, purchase) == (-400, 0)


def test_a_lost_answer_and_the_same_call_again_is_one_refund(
    stripe: StandIn, service: StripeService, session: Session, purchase: Purchase
) -> None:
    stripe.arm(CREATE_REFUND, "reset", when="after", count=2)
    with pytest.raises(StripeUnavailableError):
        refund_purchase(session, service, plan_unspent_refund(session, purchase.id))
    assert numbers_of(session, purchase) == (500, 0)
    refund_purchase(session, service, plan_unspent_refund(session, purchase.id))
    assert refunds_at_stripe(stripe, purchase) == [(3900, "succeeded")]
    assert numbers_of(session, purchase) == (0, 0)


def test_a_lost_answer_is_found_after_the_key_was_forgotten(
    stripe: StandIn, service: StripeService, session: Session, purchase: Purchase
) -> None:
    stripe.arm(CREATE_REFUND, "reset", when="after", count=2)
    plan = plan_refund(session, purchase.id, 1000)
    with pytest.raises(StripeUnavailableError):
        refund_purchase(session, service, plan)
    session.execute(update(RefundRequest).values(created_at=utc_now() - timedelta(hours=24)))
    session.commit()
    stripe.forget_keys()
    refund_purchase(session, service, plan)
    assert refunds_at_stripe(stripe, purchase) == [(1000, "succeeded")]


def test_another_refund_waits_for_the_one_under_way(
    stripe: StandIn, service: StripeService, session: Session, purchase: Purchase
) -> None:
    stripe.arm(CREATE_REFUND, "reset", when="before", count=2)
    with pytest.raises(StripeUnavailableError):
        refund_purchase(session, service, plan_refund(session, purchase.id, 1000))
    with pytest.raises(RefundRefusedError, match="of 1000 is under way"):
        refund_purchase(session, service, plan_refund(session, purchase.id, 2000))
    assert session.scalars(select(Hold.status)).all() == []


def test_a_crash_after_stripes_answer_loses_nothing(
    stripe: StandIn, service: StripeService, session: Session, purchase: Purchase, die_after_stripe: DieAfterStripe
) -> None:
    purchase_id = purchase.id
    die_after_stripe("refund", purchase_id)
    assert refunds_at_stripe(stripe, purchase) == [(3900, "succeeded")]
    assert numbers_of(session, purchase) == (500, 500)  # set aside, until the hold expires or the refund is told
    refund_purchase(session, service, plan_refund(session, purchase_id))
    assert refunds_at_stripe(stripe, purchase) == [(3900, "succeeded")]
    assert numbers_of(session, purchase) == (0, 500)


def test_a_refusal_of_stripes_leaves_no_trace_but_the_request(
    stripe: StandIn, service: StripeService, session: Session, purchase: Purchase
) -> None:
    """Refunded in the dashboard already, and its webhook is late."""
    stripe.control("refunds", payment_intent=purchase.stripe_payment_intent_id)
    with pytest.raises(StripeRefusedError):
        refund_purchase(session, service, plan_unspent_refund(session, purchase.id))
    assert numbers_of(session, purchase) == (500, 0)
    [request] = session.scalars(select(RefundRequest))
    assert request.refused_at is not None
    assert "already been refunded" in str(request.refusal)


def test_it_refuses_what_can_not_be_refunded(session: Session) -> None:
    sale, unpaid = Sale(session), Sale(session, is_paid=False)
    with pytest.raises(UnknownPurchaseError):
        plan_refund(session, 404)
    with pytest.raises(RefundRefusedError, match="not paid"):
        plan_refund(session, unpaid.purchase.id)
    for amount in (0, -1, 3901):
        with pytest.raises(RefundRefusedError, match="3900"):
            plan_refund(session, sale.purchase.id, amount)
    sale.dispute()
    for plan in (plan_refund, plan_unspent_refund):
        refused: Any = plan
        with pytest.raises(RefundRefusedError, match="disputed"):
            refused(session, sale.purchase.id)


def test_a_failed_refund_can_be_made_again(
    stripe: StandIn, service: StripeService, session: Session, purchase: Purchase
) -> None:
    made = refund_purchase(session, service, plan_refund(session, purchase.id))
    stripe.control(f"refunds/{made.id}/fail")
    sale_refund = service.get_refund(made.id)
    assert sale_refund.status == "failed"

    record_refund(session, sale_refund, livemode=False)
    session.commit()
    assert numbers_of(session, purchase) == (500, 0)
    refund_purchase(session, service, plan_refund(session, purchase.id))
    assert numbers_of(session, purchase) == (0, 0)

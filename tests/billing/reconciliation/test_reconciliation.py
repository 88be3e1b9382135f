"""reconcile(): Checkout sessions are compared, named with their money, put right or left to staff."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event

from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase
from payapp.billing.reconciliation import estimate_length, reconcile
from payapp.stripe_types.objects import StripeUnavailableError
from tests.billing.reconciling import Town, change, credits_of, repairs, summary
from tests.factories import make_purchase, make_user

# Compared in Python, so one database is enough.
ONE_ENGINE = pytest.mark.parametrize("engine_name", ["sqlite"])


def test_it_finds_nothing_where_all_agrees(town: Town) -> None:
    town.refund(town.buy(), 1000)
    town.dispute(town.buy(), "lost")
    town.expire(make_purchase(town.session, town.user))
    town.fail(make_purchase(town.session, town.user, "pro"))
    assert town.find() == []


# ---- Checkout sessions


def test_it_grants_what_was_paid_and_never_told(town: Town) -> None:
    purchase = town.buy(is_told=False)
    found = town.find_one()
    assert summary(found) == ("missing_grant", purchase.id, town.user.id, 3900, "usd", 500)
    assert found.about == purchase.stripe_checkout_session_id
    assert repairs(town, "missing_grant")
    assert credits_of(town) == 1000


@pytest.mark.parametrize("status", ["expired", "failed"])
def test_it_grants_what_was_paid_after_we_had_closed_it(town: Town, status: str) -> None:
    change(town, town.buy(is_told=False), status=status)
    assert repairs(town, "missing_grant")


def test_it_rebuilds_a_purchase_that_is_gone(town: Town) -> None:
    purchase = town.buy(is_told=False)
    user_id = town.user.id
    town.session.execute(delete(Purchase).where(Purchase.id == purchase.id))
    town.session.commit()
    assert summary(town.find_one()) == ("missing_purchase", None, user_id, 3900, "usd", 500)
    assert repairs(town, "missing_purchase")
    assert credits_of(town) == 1000


def test_it_leaves_a_lost_purchase_that_does_not_agree_to_staff(town: Town) -> None:
    purchase = town.buy(is_told=False)
    town.put(purchase, customer="cus_somebody")
    town.session.execute(delete(Purchase).where(Purchase.id == purchase.id))
    town.session.commit()
    remedy = town.find_one().remedy
    assert remedy is not None
    with pytest.raises(QuarantineError):
        remedy(town.session)


def test_it_saves_a_session_whose_answer_was_lost(town: Town) -> None:
    purchase = town.buy(is_told=False)
    change(town, purchase, stripe_checkout_session_id=None)
    assert town.find_one().kind == "missing_grant"
    assert repairs(town, "missing_grant")


def test_it_gives_a_granted_purchase_its_session_back(town: Town) -> None:
    purchase = town.buy()
    change(town, purchase, stripe_checkout_session_id=None)
    assert summary(town.find_one()) == ("missing_session", purchase.id, town.user.id, 3900, "usd", 0)
    assert repairs(town, "missing_session")


def test_it_names_a_granted_purchase_that_has_no_session_anywhere(town: Town) -> None:
    purchase = town.buy()
    change(town, purchase, stripe_checkout_session_id=None)
    town.stripe.objects["session"].popitem()
    assert summary(town.find_one()) == ("unknown_at_stripe", purchase.id, town.user.id, 3900, "usd", -500)


@pytest.mark.parametrize("told", [{"metadata": {}}, {"metadata": {"app": "another"}}])
def test_it_leaves_strangers_alone(town: Town, told: dict[str, Any]) -> None:
    stranger = make_purchase(town.session, town.user)
    town.put(stranger, id="cs_stranger", payment_intent="pi_stranger", **told)
    town.expire(stranger)
    town.stripe.add("refund", {**town.stripe.add("session", {"id": "cs_x", "object": "?"}), "id": "re_x"})
    assert town.find() == []


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"status": "expired", "payment_status": "unpaid", "payment_intent": None}, "expired"),
        ({"payment_status": "unpaid", "payment_intent": {"id": "pi_9", "status": "requires_payment_method"}}, "failed"),
        ({"payment_status": "unpaid", "payment_intent": {"id": "pi_9", "status": "canceled"}}, "failed"),
        ({"payment_status": "unpaid", "payment_intent": {"id": "pi_9", "status": "processing"}}, "pending"),
    ],
)
def test_it_moves_a_purchase_on_that_is_stuck(town: Town, told: dict[str, Any], status: str) -> None:
    purchase = make_purchase(town.session, town.user)
    town.put(purchase, **told)
    assert summary(town.find_one()) == ("stuck_pending", purchase.id, town.user.id, 0, "usd", 0)
    assert repairs(town, "stuck_pending")
    town.session.refresh(purchase)
    assert purchase.status == status
    assert (purchase.completed_at is not None) is (status == "pending")


def test_it_closes_a_purchase_that_never_had_a_session(town: Town) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=2)
    make_purchase(town.session, town.user, stripe_checkout_session_id=None, checkout_expires_at=long_ago)
    make_purchase(town.session, make_user(town.session), stripe_checkout_session_id=None)  # may get one yet
    assert repairs(town, "stuck_pending")


@pytest.mark.parametrize("status", ["open", "expired", "complete"])
def test_it_leaves_what_was_granted_and_not_paid_to_staff(town: Town, status: str) -> None:
    purchase = town.buy()
    town.put(purchase, status=status, payment_status="unpaid")
    found = town.find_one()
    assert summary(found) == ("unpaid_grant", purchase.id, town.user.id, 3900, "usd", -500)
    assert found.remedy is None


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mode", {"mode": "subscription"}),
        ("customer", {"customer": "cus_other"}),
        ("amount", {"amount_total": 1}),
        ("currency", {"currency": "eur"}),
        ("livemode", {"livemode": True}),
        ("payment intent", {"payment_intent": "pi_other"}),
        ("metadata userId", {"metadata": {"userId": "0", "app": "payapp"}}),
        ("metadata credits", {"metadata": {"credits": "501", "app": "payapp"}}),
        ("metadata packageId", {"metadata": {"packageId": "pro", "app": "payapp"}}),
    ],
)
@pytest.mark.parametrize("is_told", [True, False])
@ONE_ENGINE
def test_it_leaves_terms_that_differ_to_staff(town: Town, name: str, told: dict[str, Any], is_told: bool) -> None:
    purchase = town.buy(is_told=is_told)
    if not is_told:
        change(town, purchase, stripe_payment_intent_id=f"pi_test_{purchase.id}")
    town.put(purchase, **told)
    found = town.find_one()
    assert summary(found)[:5] == ("disagreement", purchase.id, town.user.id, 3900, "usd")
    assert name in found.sentence
    assert found.credits == (1 if name == "metadata credits" else 0)
    assert found.remedy is None


def test_it_leaves_a_payment_that_was_not_needed_to_staff(town: Town) -> None:
    town.put(make_purchase(town.session, town.user), payment_status="no_payment_required", payment_intent=None)
    found = town.find_one()
    assert (found.kind, found.remedy) == ("disagreement", None)


def test_it_says_nothing_of_a_wrong_price_that_we_closed_ourselves(town: Town) -> None:
    purchase = make_purchase(town.session, town.user, status="failed")
    town.put(purchase, status="expired", payment_status="unpaid", amount_total=1)
    assert town.find() == []


def test_it_asks_once_more_before_it_calls_staff(town: Town) -> None:
    """The page was read, then the customer paid and the webhook came: nothing is wrong."""
    purchase = make_purchase(town.session, town.user)
    town.put(purchase, status="open", payment_status="unpaid", payment_intent=None)

    def pay(kind: str) -> None:
        if kind == "session":
            town.put(purchase)
            change(town, purchase, status="fulfilled", fulfilled_at=datetime.now(UTC))
            change(town, purchase, stripe_payment_intent_id=f"pi_test_{purchase.id}")

    town.stripe.on_page = pay
    assert "unpaid_grant" not in [found.kind for found in town.find()]


# ---- windows, and a Stripe that is silent


def test_it_looks_again_at_what_is_unfinished_and_older_than_the_window(town: Town) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=40)
    slow = make_purchase(town.session, town.user, created_at=long_ago, completed_at=long_ago)
    told: dict[str, Any] = {"created": int(long_ago.timestamp())}
    town.put(slow, **told)
    refunded, disputed = town.buy(), town.buy()
    refund = town.refund(refunded, 3900, status="pending", **told)
    town.refund(refunded, 3900, status="failed", id=refund.id, is_told=False, **told)
    town.dispute(disputed, **told)
    town.dispute(disputed, "won", is_told=False, **told)
    week = datetime.now(UTC) - timedelta(days=7)
    assert [found.kind for found in town.find(week)] == ["missing_grant", "missing_refund", "missing_dispute"]
    assert len(town.repair(week)) == 3
    assert town.find(week) == []


def test_it_looks_no_further_back_than_it_is_asked_to(town: Town) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=40)
    purchase = make_purchase(town.session, town.user, created_at=long_ago, status="expired")
    town.put(purchase, created=int(long_ago.timestamp()))
    assert town.find(datetime.now(UTC) - timedelta(days=7)) == []
    assert town.find_one().kind == "missing_grant"


def test_it_raises_when_stripe_stays_silent(town: Town) -> None:
    town.buy(is_told=False)
    town.stripe.is_down = True
    with pytest.raises(StripeUnavailableError):
        town.find()
    assert not town.session.in_transaction()


def test_it_tells_how_far_it_is(town: Town) -> None:
    town.refund(town.buy(), 100)
    steps: list[int] = []
    assert list(reconcile(town.session, town.stripe, on_progress=steps.append)) == []
    assert sum(steps) == estimate_length(town.session, None) == 3


def test_it_asks_the_database_no_more_often_for_a_full_page(town: Town) -> None:
    def count() -> int:
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)

        engine = town.session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        assert town.find() == []
        event.remove(engine, "before_cursor_execute", note)
        return len([one for one in statements if one.startswith("SELECT")])

    town.refund(town.buy(), 100)
    few = count()
    for _ in range(20):
        town.refund(town.buy(), 100)
    assert count() == few
    assert few < 60

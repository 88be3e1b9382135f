"""start_checkout(): an open Checkout page for one package, the same one however often it is asked for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing import checkout
from payapp.billing.checkout import CHECKOUT_LIFETIME, Storefront, start_checkout
from payapp.billing.errors import CheckoutUnavailableError, PriceMismatchError
from payapp.billing.models import Purchase
from payapp.billing.packages import get_package
from payapp.clock import utc_now
from payapp.ledger.balances import get_balance
from payapp.stripe_objects import StripeRefusedError, StripeUnavailableError
from payapp.stripe_service import StripeService
from tests.billing.conftest import DieAfterStripe
from tests.factories import make_user
from tests.stand_in import (
    CREATE_CHECKOUT_SESSION,
    EXPIRE_CHECKOUT_SESSION,
    GET_CHECKOUT_SESSION,
    StandIn,
)

BASE_URL = "https://shop.example"
GROWTH = get_package("growth")


@pytest.fixture
def shop(session: Session, service: StripeService, user: User) -> "Shop":
    return Shop(session, service, user.id)


class Shop:
    """start_checkout() for one user, with everything else at hand."""

    def __init__(self, session: Session, service: StripeService, user_id: int) -> None:
        self.session, self.service, self.user_id = session, service, user_id
        self.price_ids: dict[str, str] = {}

    def buy(self, package_id: str = "growth", **changed: Any) -> str:
        package = replace(get_package(package_id), **changed)
        self.session.rollback()
        return start_checkout(self.session, self.service, Storefront(BASE_URL, self.price_ids), self.user_id, package)

    @property
    def purchases(self) -> list[Purchase]:
        self.session.rollback()
        self.session.expire_all()
        found = list(self.session.scalars(select(Purchase).order_by(Purchase.id)))
        self.session.rollback()
        return found

    @property
    def statuses(self) -> list[str]:
        self.session.rollback()
        return list(self.session.scalars(select(Purchase.status).order_by(Purchase.id)))

    def set_newest(self, **values: Any) -> None:
        purchase = self.session.scalars(select(Purchase).order_by(Purchase.id.desc()).limit(1)).one()
        for name, value in values.items():
            setattr(purchase, name, value)
        self.session.commit()

    @property
    def customer_id(self) -> str:
        self.session.rollback()
        return str(self.session.execute(select(User.stripe_customer_id).where(User.id == self.user_id)).scalar_one())


def list_open(stripe: StandIn, shop: Shop) -> list[str]:
    sessions = stripe.list_checkout_sessions(shop.customer_id)
    return [checkout_session["url"] for checkout_session in sessions if checkout_session["status"] == "open"]


def test_it_works(stripe: StandIn, shop: Shop) -> None:
    url = shop.buy()
    [purchase] = shop.purchases
    [checkout_session] = stripe.list_checkout_sessions(shop.customer_id)
    assert url == checkout_session["url"]
    assert purchase.stripe_checkout_session_id == checkout_session["id"]
    assert (purchase.status, purchase.credits, purchase.amount_total, purchase.currency) == (
        "pending",
        500,
        3900,
        "usd",
    )
    assert (purchase.stripe_customer_id, purchase.livemode) == (shop.customer_id, False)


def test_it_asks_stripe_for_exactly_this(stripe: StandIn, shop: Shop) -> None:
    shop.buy()
    [request] = stripe.list_requests(CREATE_CHECKOUT_SESSION)
    [purchase] = shop.purchases
    metadata = {
        "userId": str(shop.user_id),
        "credits": "500",
        "packageId": "growth",
        "purchaseId": str(purchase.id),
        "app": "payapp",
    }
    line = {"currency": "usd", "unit_amount": "3900", "product_data": {"name": "Growth: 500 credits"}}
    assert request["idempotency_key"] == purchase.stripe_checkout_key
    assert request["params"] == {
        "mode": "payment",
        "customer": shop.customer_id,
        "client_reference_id": str(purchase.id),
        "line_items": {"0": {"quantity": "1", "price_data": line}},
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "success_url": f"{BASE_URL}/dashboard/credits?success=true&session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{BASE_URL}/dashboard/credits?canceled=true",
        "expires_at": str(int(purchase.checkout_expires_at.timestamp())),
    }


def test_it_names_the_price_from_the_settings(stripe: StandIn, shop: Shop) -> None:
    price = make_price(stripe, 3900)
    shop.price_ids = {"growth": price}
    shop.buy()
    [request] = stripe.list_requests(CREATE_CHECKOUT_SESSION)
    assert request["params"]["line_items"] == {"0": {"quantity": "1", "price": price}}


def make_price(stripe: StandIn, unit_amount: int, currency: str = "usd") -> str:
    made = stripe.post("/v1/prices", currency=currency, unit_amount=unit_amount, **{"product_data[name]": "Growth"})
    return str(made["id"])


def test_it_lets_the_page_live_shorter_than_stripe_remembers_keys(stripe: StandIn, shop: Shop) -> None:
    shop.buy()
    [checkout_session] = stripe.list_checkout_sessions(shop.customer_id)
    lifetime = timedelta(seconds=checkout_session["expires_at"] - checkout_session["created"])
    assert timedelta(hours=11) < lifetime <= CHECKOUT_LIFETIME < timedelta(hours=24)


def test_it_leads_to_the_same_page_again(stripe: StandIn, shop: Shop) -> None:
    assert shop.buy() == shop.buy()
    assert len(stripe.list_requests(CREATE_CHECKOUT_SESSION)) == 1
    assert shop.statuses == ["pending"]


def test_it_opens_one_page_for_each_package(stripe: StandIn, shop: Shop) -> None:
    assert shop.buy("starter") != shop.buy("pro")
    assert [purchase.package_id for purchase in shop.purchases] == ["starter", "pro"]


def test_it_fulfills_what_was_paid_meanwhile_and_opens_a_new_page(stripe: StandIn, shop: Shop) -> None:
    paid = shop.buy()
    stripe.pay(str(shop.purchases[0].stripe_checkout_session_id))
    assert shop.buy() != paid
    assert shop.statuses == ["fulfilled", "pending"]
    assert get_balance(shop.session, shop.user_id).posted == 500


def test_it_opens_a_new_page_while_a_slow_payment_is_under_way(stripe: StandIn, shop: Shop) -> None:
    slow = shop.buy()
    stripe.pay(str(shop.purchases[0].stripe_checkout_session_id), "settles")
    assert shop.buy() != slow
    first, second = shop.purchases
    assert (first.status, first.completed_at is not None) == ("pending", True)
    assert (second.status, second.completed_at) == ("pending", None)
    assert get_balance(shop.session, shop.user_id).posted == 0


def test_it_opens_a_new_page_when_the_old_one_expired(stripe: StandIn, shop: Shop) -> None:
    old = shop.buy()
    stripe.post(f"/v1/checkout/sessions/{shop.purchases[0].stripe_checkout_session_id}/expire")
    assert shop.buy() != old
    assert shop.statuses == ["expired", "pending"]


def test_it_closes_the_page_of_a_package_that_has_changed(stripe: StandIn, shop: Shop) -> None:
    old = shop.buy()
    new = shop.buy(unit_amount=4900)
    assert shop.statuses == ["expired", "pending"]
    assert [purchase.amount_total for purchase in shop.purchases] == [3900, 4900]
    assert list_open(stripe, shop) == [new]
    assert new != old


def test_it_takes_up_the_page_whose_answer_was_lost(stripe: StandIn, shop: Shop) -> None:
    lose_answer(stripe, shop)
    url = shop.buy()
    assert list_open(stripe, shop) == [url]
    assert shop.statuses == ["pending"]


def test_it_survives_a_crash_between_stripes_answer_and_our_commit(
    stripe: StandIn, shop: Shop, die_after_stripe: DieAfterStripe
) -> None:
    die_after_stripe("checkout", shop.user_id)
    [purchase] = shop.purchases
    assert purchase.stripe_checkout_session_id is None
    # The same price list, settings and address as the process that died.
    url = start_checkout(shop.session, shop.service, Storefront("http://localhost", {}), shop.user_id, GROWTH)
    assert list_open(stripe, shop) == [url]
    assert shop.purchases[0].stripe_checkout_session_id is not None


def lose_answer(stripe: StandIn, shop: Shop) -> None:
    """Have Stripe open a page whose address nobody gets to know."""
    stripe.arm(CREATE_CHECKOUT_SESSION, "reset", when="after", count=2)
    with pytest.raises(StripeUnavailableError):
        shop.buy()


def test_it_opens_another_page_when_settings_changed_after_a_lost_answer(stripe: StandIn, shop: Shop) -> None:
    lose_answer(stripe, shop)
    shop.price_ids = {"growth": make_price(stripe, 3900)}
    url = shop.buy()  # Stripe refuses the same key with other parameters
    assert shop.statuses == ["failed", "pending"]
    assert url in list_open(stripe, shop)


def test_it_closes_what_was_never_opened_and_is_too_old(stripe: StandIn, shop: Shop) -> None:
    stripe.arm(CREATE_CHECKOUT_SESSION, "reset", count=2)
    with pytest.raises(StripeUnavailableError):
        shop.buy()
    shop.set_newest(checkout_expires_at=utc_now() + timedelta(minutes=20))
    shop.buy()  # Stripe would refuse to open a page for less than half an hour
    assert shop.statuses == ["expired", "pending"]


def test_it_uses_another_key_when_stripe_repeats_a_failure(stripe: StandIn, shop: Shop) -> None:
    lose_answer(stripe, shop)
    stripe.keep_failure(shop.purchases[0].stripe_checkout_key)
    assert shop.buy().startswith("http")
    assert shop.statuses == ["failed", "pending"]


def test_it_opens_another_page_when_stripe_knows_ours_no_longer(stripe: StandIn, shop: Shop) -> None:
    shop.buy()
    shop.set_newest(stripe_checkout_session_id=f"cs_test_{uuid4().hex}")
    assert shop.buy().startswith("http")
    assert shop.statuses == ["failed", "pending"]


@pytest.mark.parametrize(("amount", "currency"), [(100, "usd"), (390_000, "usd"), (3900, "eur")])
def test_it_catches_a_wrong_price_before_anybody_pays(stripe: StandIn, shop: Shop, amount: int, currency: str) -> None:
    shop.price_ids = {"growth": make_price(stripe, amount, currency)}
    with pytest.raises(PriceMismatchError, match=f"costs 3900 usd here, {amount} {currency} at Stripe"):
        shop.buy()
    assert shop.statuses == ["failed"]
    assert list_open(stripe, shop) == []
    shop.price_ids = {"growth": make_price(stripe, 3900)}
    assert [shop.buy()] == list_open(stripe, shop)


def test_it_does_not_tell_a_wrong_page_that_could_not_be_closed(stripe: StandIn, shop: Shop) -> None:
    shop.price_ids = {"growth": make_price(stripe, 100)}
    stripe.arm(EXPIRE_CHECKOUT_SESSION, "500", count=10)
    with pytest.raises(StripeUnavailableError):
        shop.buy()
    assert shop.statuses == ["failed"]


def test_it_begins_anew_after_stripe_refused(stripe: StandIn, shop: Shop) -> None:
    shop.price_ids = {"growth": "price_that_is_not"}
    with pytest.raises(StripeRefusedError) as refused:
        shop.buy()
    assert refused.value.code == "resource_missing"
    shop.price_ids = {}
    assert shop.buy().startswith("http")
    assert shop.statuses == ["failed", "pending"]


@pytest.mark.parametrize("operation", [CREATE_CHECKOUT_SESSION, GET_CHECKOUT_SESSION])
@pytest.mark.parametrize("fault", ["500", "429", "reset"])
def test_it_raises_when_stripe_gives_no_clear_answer(stripe: StandIn, shop: Shop, operation: str, fault: str) -> None:
    if operation == GET_CHECKOUT_SESSION:
        shop.buy()
    stripe.arm(operation, fault, count=10)
    with pytest.raises(StripeUnavailableError):
        shop.buy()
    stripe.reset()
    assert [shop.buy()] == list_open(stripe, shop)
    assert shop.statuses == ["pending"]


def test_it_gives_up_after_a_few_attempts(stripe: StandIn, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "_is_current", lambda *_: False)
    with pytest.raises(CheckoutUnavailableError):
        shop.buy()
    assert list_open(stripe, shop) == []


def test_it_makes_the_missing_customer(stripe: StandIn, shop: Shop, user: User) -> None:
    shop.buy()
    assert [customer["id"] for customer in stripe.list_customers(user.email)] == [shop.customer_id]


def test_it_holds_no_connection_while_stripe_works(stripe: StandIn, app: Flask, shop: Shop) -> None:
    in_transaction: list[bool] = []
    create, fetch = shop.service.create_checkout_session, shop.service.get_checkout_session

    def watched(call: Any) -> Any:
        def ask(*args: Any) -> Any:
            in_transaction.append(shop.session.in_transaction())
            return call(*args)

        return ask

    shop.service.create_checkout_session = watched(create)  # type: ignore[method-assign]
    shop.service.get_checkout_session = watched(fetch)  # type: ignore[method-assign]
    shop.buy()
    shop.buy()
    assert in_transaction == [False, False]


def test_it_shares_no_page_between_users(stripe: StandIn, shop: Shop, session: Session) -> None:
    stranger = make_user(session, email=f"{uuid4().hex}@example.com", stripe_customer_id=None)
    assert shop.buy() != Shop(session, shop.service, stranger.id).buy()

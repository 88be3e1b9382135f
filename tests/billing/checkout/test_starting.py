"""start_checkout(): an open Checkout page for one package, the same one however often it is asked for."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.checkout.starting import CHECKOUT_LIFETIME
from payapp.billing.errors import CheckoutCompleteError
from payapp.ledger.balances import get_balance
from tests.billing.shop import BASE_URL, Shop, list_open, make_price
from tests.factories import make_user
from tests.stand_in import (
    CREATE_CHECKOUT_SESSION,
    StandIn,
)


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
    assert request["params"]["currency"] == "usd"


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


def test_it_fulfills_what_was_paid_meanwhile_and_opens_a_new_page_when_asked_again(stripe: StandIn, shop: Shop) -> None:
    paid = shop.buy()
    checkout_session_id = str(shop.purchases[0].stripe_checkout_session_id)
    stripe.pay(checkout_session_id)
    with pytest.raises(CheckoutCompleteError) as refusal:
        shop.buy()
    assert refusal.value.checkout_session_id == checkout_session_id
    assert shop.statuses == ["fulfilled"]
    assert list_open(stripe, shop) == []
    assert shop.buy() != paid
    assert shop.statuses == ["fulfilled", "pending"]
    assert get_balance(shop.session, shop.user_id).posted == 500


def test_it_opens_a_new_page_while_a_slow_payment_is_under_way(stripe: StandIn, shop: Shop) -> None:
    slow = shop.buy()
    stripe.pay(str(shop.purchases[0].stripe_checkout_session_id), "settles")
    with pytest.raises(CheckoutCompleteError):
        shop.buy()
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

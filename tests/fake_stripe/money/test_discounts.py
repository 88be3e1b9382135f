import time
import uuid
from typing import Any

import pytest
import requests
import stripe

from tests.fake_stripe.objects import create_customer, create_session, price_data, types_about
from tests.fake_stripe.processes import StandInProcess


def coupon(client: stripe.StripeClient, **changes: Any) -> Any:
    params: Any = {"duration": "once", **(changes or {"percent_off": 25})}
    return client.v1.coupons.create(params)


def code(client: stripe.StripeClient, coupon_id: str, **changes: Any) -> Any:
    text = f"SAVE{uuid.uuid4().hex[:8].upper()}"
    params: Any = {"promotion": {"type": "coupon", "coupon": coupon_id}, "code": text, **changes}
    return client.v1.promotion_codes.create(params)


def pay(stand_in: StandInProcess, session: Any, **order: object) -> Any:
    return stand_in.control("POST", f"/sessions/{session.id}/pay", order)


def test_it_works(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client, discounts=[{"coupon": coupon(client).id}])
    assert (made.amount_subtotal, made.amount_total, made.total_details.amount_discount) == (3900, 2925, 975)
    pay(stand_in, made)
    paid: Any = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert (paid.payment_status, paid.payment_intent.amount) == ("paid", 2925)


def test_it_is_spread_over_the_line_items_to_the_cent(client: stripe.StripeClient) -> None:
    items = [{"price_data": price_data(amount), "quantity": 1} for amount in (333, 333, 334)]
    off = coupon(client, amount_off=100, currency="usd").id
    made = create_session(client, line_items=items, discounts=[{"coupon": off}], expand=["line_items"])
    parts = [one.amount_discount for one in made.line_items.data]
    assert (sum(parts), made.amount_total) == (100, 900)
    assert parts == [33, 33, 34]
    assert [one.amount_total for one in made.line_items.data] == [300, 300, 300]


def test_a_customer_types_a_code(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    promotion = code(client, coupon(client).id)
    made = create_session(client, allow_promotion_codes=True)
    paid = pay(stand_in, made, promotion_code=promotion.code.lower())
    assert (paid["amount_total"], paid["total_details"]["amount_discount"]) == (2925, 975)
    assert paid["discounts"] == [{"coupon": None, "promotion_code": promotion.id}]
    expand: Any = {"expand": ["promotion.coupon"]}
    found: Any = client.v1.promotion_codes.retrieve(promotion.id, expand)
    assert (found.times_redeemed, found.promotion.coupon.times_redeemed) == (1, 1)


def test_its_breakdown_is_shown_when_asked_for(client: stripe.StripeClient) -> None:
    promotion = code(client, coupon(client).id)
    expand = ["total_details.breakdown", "discounts.promotion_code"]
    made = create_session(client, discounts=[{"promotion_code": promotion.id}], expand=expand)
    breakdown = made.total_details.breakdown.discounts[0]
    assert (breakdown.amount, breakdown.discount.promotion_code) == (975, promotion.id)
    assert made.discounts[0].promotion_code.code == promotion.code


@pytest.mark.parametrize("off", [{"percent_off": 100}, {"amount_off": 5000, "currency": "usd"}])
def test_what_costs_nothing_needs_no_payment(
    client: stripe.StripeClient, stand_in: StandInProcess, off: dict[str, Any]
) -> None:
    made = create_session(client, discounts=[{"coupon": coupon(client, **off).id}])
    assert (made.amount_total, made.payment_status) == (0, "no_payment_required")
    paid = pay(stand_in, made, email="free@example.com")
    assert (paid["status"], paid["payment_status"]) == ("complete", "no_payment_required")
    assert paid["payment_intent"] is None
    assert client.v1.customers.retrieve(paid["customer"]).email == "free@example.com"
    assert types_about(client, made.id) == ["checkout.session.completed"]


def test_a_coupon_ends_with_its_redemptions(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    once = coupon(client, percent_off=10, max_redemptions=1)
    first, second = (create_session(client, discounts=[{"coupon": once.id}]) for _ in range(2))
    pay(stand_in, first)
    assert client.v1.coupons.retrieve(once.id).valid is False
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create_session(client, discounts=[{"coupon": once.id}])
    assert caught.value.code == "coupon_expired"
    assert pay(stand_in, second)["payment_status"] == "paid"


def test_a_code_keeps_its_restrictions(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    mine, other = create_customer(client).id, create_customer(client).id
    least = {"minimum_amount": 5000, "minimum_amount_currency": "usd"}
    his = code(client, coupon(client).id, customer=mine)
    large = code(client, coupon(client).id, restrictions=least)
    first = code(client, coupon(client).id, restrictions={"first_time_transaction": True})
    pay(stand_in, create_session(client, customer=mine, discounts=[{"promotion_code": first.id}]))
    refused = [(his, other, "this customer"), (large, mine, "$50.00 or more"), (first, mine, "prior transactions")]
    for promotion, customer, words in refused:
        with pytest.raises(stripe.InvalidRequestError, match=words.replace("$", r"\$")):
            create_session(client, customer=customer, discounts=[{"promotion_code": promotion.id}])
    assert create_session(client, customer=mine, discounts=[{"promotion_code": his.id}]).amount_total == 2925


def test_an_inactive_code_is_not_redeemed(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    promotion = code(client, coupon(client).id)
    client.v1.promotion_codes.update(promotion.id, {"active": False})
    made = create_session(client, allow_promotion_codes=True)
    with pytest.raises(requests.HTTPError):
        pay(stand_in, made, promotion_code=promotion.code)
    assert client.v1.checkout.sessions.retrieve(made.id).amount_total == 3900


def test_a_code_needs_a_session_that_takes_codes(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    promotion = code(client, coupon(client).id)
    with pytest.raises(requests.HTTPError):
        pay(stand_in, create_session(client), promotion_code=promotion.code)


def test_two_active_codes_never_read_the_same(client: stripe.StripeClient) -> None:
    promotion = code(client, coupon(client).id)
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        code(client, coupon(client).id, code=promotion.code.lower())
    client.v1.promotion_codes.update(promotion.id, {"active": False})
    assert code(client, coupon(client).id, code=promotion.code).active is True
    assert len(client.v1.promotion_codes.list({"code": promotion.code}).data) == 2


def test_coupons_are_kept_and_deleted(client: stripe.StripeClient) -> None:
    name = f"SPRING-{uuid.uuid4().hex[:8]}"
    made = coupon(client, percent_off=12.5, id=name, name="Spring")
    assert (made.id, made.percent_off, made.valid) == (name, 12.5, True)
    assert client.v1.coupons.update(name, {"name": "Summer"}).name == "Summer"
    assert name in [one.id for one in client.v1.coupons.list({"limit": 100}).data]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        coupon(client, percent_off=5, id=name)
    assert caught.value.code == "resource_already_exists"
    assert client.v1.coupons.delete(name).deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        create_session(client, discounts=[{"coupon": name}])


COUPONS_REFUSED: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({"percent_off": 5, "amount_off": 5, "currency": "usd"}, None),
    ({"amount_off": 5}, "currency"),
    ({"percent_off": 101}, "percent_off"),
    ({"percent_off": 0}, "percent_off"),
    ({"percent_off": 5, "redeem_by": 1}, "redeem_by"),
    ({"percent_off": 5, "duration_in_months": 3}, "duration_in_months"),
]


@pytest.mark.parametrize(("params", "param"), COUPONS_REFUSED)
def test_it_rejects_coupons_of_no_sense(client: stripe.StripeClient, params: Any, param: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.coupons.create(params)
    assert caught.value.param == param


def test_it_rejects_discounts_of_no_sense(client: stripe.StripeClient) -> None:
    euros, fine = coupon(client, amount_off=500, currency="eur").id, coupon(client).id
    refused: list[tuple[dict[str, Any], str]] = [
        ({"discounts": [{"coupon": euros}]}, "discounts[0][coupon]"),
        ({"discounts": [{"promotion_code": "promo_x"}]}, "discounts[0][promotion_code]"),
        ({"discounts": [{"coupon": fine}, {"coupon": fine}]}, "discounts"),
        ({"discounts": [{"coupon": fine}], "allow_promotion_codes": True}, "allow_promotion_codes"),
    ]
    for changes, param in refused:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            create_session(client, **changes)
        assert caught.value.param == param


def test_a_coupon_has_its_time(client: stripe.StripeClient) -> None:
    assert coupon(client, percent_off=5, redeem_by=int(time.time()) + 3600).valid is True

import time
from typing import Any

import pytest
import stripe

from tests.fake_stripe.objects import create_customer, create_price, create_session, price_data, session_params
from tests.fake_stripe.processes import StandInProcess


def test_it_works(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    customer = create_customer(client)
    made = create_session(client, customer=customer.id)
    assert made.id.startswith("cs_test_")
    assert made.url == f"http://localhost:{stand_in.port}/c/pay/{made.id}"
    assert (made.status, made.payment_status, made.payment_intent) == ("open", "unpaid", None)
    assert (made.amount_total, made.currency, made.customer) == (3900, "usd", customer.id)
    assert (made.client_reference_id, made.metadata.to_dict()) == ("41", {"userId": "7", "credits": "500"})
    assert client.v1.checkout.sessions.retrieve(made.id).to_dict() == made.to_dict()


def test_it_shows_what_its_page_looks_like(client: stripe.StripeClient) -> None:
    """An object, as at Stripe, also where nothing of it was asked for."""
    shown = create_session(client).branding_settings
    assert (shown.border_style, shown.font_family, shown.icon, shown.logo) == ("rounded", "default", None, None)


def test_it_accepts_that_no_taxes_are_wanted(client: stripe.StripeClient) -> None:
    assert create_session(client, automatic_tax={"enabled": False}).automatic_tax.enabled is False


def test_it_sums_line_items(client: stripe.StripeClient) -> None:
    price = create_price(client)
    items = [{"price": price.id, "quantity": 3}, {"price_data": price_data(250), "quantity": 2}]
    made = create_session(client, line_items=items)
    lines = client.v1.checkout.sessions.line_items.list(made.id).data
    assert made.amount_total == 3200
    assert [(one.description, one.quantity, one.amount_total) for one in lines] == [
        ("Starter package", 3, 2700),
        ("Growth package", 2, 500),
    ]


def test_it_makes_hidden_prices_of_price_data(client: stripe.StripeClient) -> None:
    made = create_session(client, expand=["line_items"])
    price = made.line_items.data[0].price
    assert price.active is False
    assert client.v1.products.retrieve(price.product).active is False


def test_it_expands(client: stripe.StripeClient) -> None:
    made = create_session(client, customer=create_customer(client).id)
    found = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["customer", "line_items", "payment_intent"]})
    assert (found.customer.email, found.payment_intent) == ("ada@example.com", None)  # type: ignore[union-attr]
    assert len(found.line_items.data) == 1  # type: ignore[union-attr]


def test_it_leaves_line_items_out_unless_asked(client: stripe.StripeClient) -> None:
    assert "line_items" not in create_session(client).to_dict()


def test_it_lists_with_filters(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    customer = create_customer(client, "lister@example.com").id
    first, second = (create_session(client, customer=customer) for _ in range(2))
    stand_in.pay(first, "paid")
    listed = client.v1.checkout.sessions.list
    intent = client.v1.checkout.sessions.retrieve(first.id).payment_intent
    assert [one.id for one in listed({"customer": customer}).data] == [second.id, first.id]
    assert [one.id for one in listed({"customer": customer, "status": "complete"}).data] == [first.id]
    assert [one.id for one in listed({"payment_intent": str(intent)}).data] == [first.id]
    assert [one.id for one in listed({"customer_details": {"email": "lister@example.com"}}).data] == [first.id]


def test_it_expires_an_open_session_once(client: stripe.StripeClient) -> None:
    made = create_session(client)
    expired = client.v1.checkout.sessions.expire(made.id)
    assert (expired.status, expired.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        client.v1.checkout.sessions.expire(made.id)


def test_it_refuses_to_expire_a_complete_session(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_session(client)
    stand_in.pay(made, "paid")
    with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
        client.v1.checkout.sessions.expire(made.id)


def test_it_accepts_an_expiry_between_half_an_hour_and_a_day(client: stripe.StripeClient) -> None:
    moment = int(time.time()) + 3600
    assert create_session(client, expires_at=moment).expires_at == moment
    assert create_session(client).expires_at == pytest.approx(time.time() + 24 * 3600, abs=5)


@pytest.mark.parametrize("seconds", [29 * 60, 24 * 3600 + 60, -60])
def test_it_rejects_an_expiry_outside_its_limits(client: stripe.StripeClient, seconds: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create_session(client, expires_at=int(time.time()) + seconds)
    assert caught.value.param == "expires_at"


def test_it_refuses_a_deleted_customer(client: stripe.StripeClient) -> None:
    customer = create_customer(client)
    client.v1.customers.delete(customer.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create_session(client, customer=customer.id)
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (400, "resource_missing", "customer")


def test_it_refuses_an_inactive_price(client: stripe.StripeClient) -> None:
    price = create_price(client, active=False)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create_session(client, line_items=[{"price": price.id, "quantity": 1}])
    assert caught.value.param == "line_items[0][price]"


ITEM = "line_items[0]"
CURRENCY = f"{ITEM}[price_data][currency]"
REFUSED: list[tuple[dict[str, Any], str | None, str | None]] = [
    ({"mode": None}, "mode", "parameter_missing"),
    ({"mode": "paymint"}, "mode", None),
    ({"success_url": None}, "success_url", "parameter_missing"),
    ({"success_url": "/dashboard"}, "success_url", "url_invalid"),
    ({"success_url": "javascript:alert(1)"}, "success_url", "url_invalid"),
    ({"cancel_url": "ftp://example.com"}, "cancel_url", "url_invalid"),
    ({"line_items": None}, "line_items", "parameter_missing"),
    ({"line_items": [{"price": "price_nobody", "quantity": 1}]}, f"{ITEM}[price]", "resource_missing"),
    ({"line_items": [{"quantity": 1}]}, f"{ITEM}[price]", "parameter_missing"),
    ({"line_items": [{"price_data": price_data()}]}, f"{ITEM}[quantity]", "parameter_missing"),
    ({"line_items": [{"price_data": price_data(), "quantity": 0}]}, f"{ITEM}[quantity]", "parameter_invalid_integer"),
    ({"line_items": [{"price_data": price_data(49), "quantity": 1}]}, None, "amount_too_small"),
    (
        {"line_items": [{"price_data": price_data(currency="zzz"), "quantity": 1}]},
        f"{ITEM}[price_data][currency]",
        None,
    ),
    ({"customer": "cus_nobody"}, "customer", "resource_missing"),
    ({"customer_email": "nobody"}, "customer_email", "email_invalid"),
    ({"discounts": [{"coupon": "x"}]}, "discounts[0][coupon]", "resource_missing"),
    ({"consent_collection": {"promotions": "auto"}}, "consent_collection", "stand_in_not_implemented"),
    ({"automatic_tax": {"enabled": True}}, "automatic_tax[enabled]", "stand_in_not_implemented"),
    ({"mode": "subscription"}, "mode=subscription", "stand_in_not_implemented"),
]


@pytest.mark.parametrize(("changes", "param", "code"), REFUSED)
def test_it_rejects(client: stripe.StripeClient, changes: dict[str, Any], param: str | None, code: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create_session(client, **changes)
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (400, param, code)


def test_it_accepts_exactly_the_smallest_amount(client: stripe.StripeClient) -> None:
    assert create_session(client, line_items=[{"price_data": price_data(50), "quantity": 1}]).amount_total == 50


def test_it_refuses_two_currencies(client: stripe.StripeClient) -> None:
    items = [{"price_data": price_data(currency=currency), "quantity": 1} for currency in ("usd", "eur")]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create_session(client, line_items=items)
    assert caught.value.param == "line_items"


def test_it_leaves_nothing_behind_when_it_refuses(client: stripe.StripeClient) -> None:
    name = f"refused {time.time()}"
    with pytest.raises(stripe.InvalidRequestError):
        create_session(client, line_items=[{"price_data": price_data(1, name=name), "quantity": 1}])
    assert name not in [one.name for one in client.v1.products.list({"limit": 100}).data]


def test_it_expires_by_itself(start_stand_in: Any) -> None:
    stand_in = start_stand_in()
    client = stand_in.client()
    made = create_session(client, expires_at=int(time.time()) + 2000)
    stand_in.control("POST", "/clock", {"forward_seconds": 2000})
    assert client.v1.checkout.sessions.retrieve(made.id).status == "expired"
    events = client.v1.events.list({"type": "checkout.session.expired"}).data
    assert [event.data.object["id"] for event in events] == [made.id]
    assert events[0].request.id is None


def test_its_helper_sends_what_payapp_sends() -> None:
    assert session_params(mode=None).keys() == session_params().keys() - {"mode"}

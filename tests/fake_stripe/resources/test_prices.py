import uuid
from decimal import Decimal

import pytest
import stripe

from tests.fake_stripe.objects import create_price


def test_it_works(client: stripe.StripeClient) -> None:
    made = create_price(client, nickname="Starter")
    found = client.v1.prices.retrieve(made.id, {"expand": ["product"]})
    assert (found.unit_amount, found.currency, found.type) == (900, "usd", "one_time")
    assert isinstance(found.product, stripe.Product)
    assert found.product.name == "Starter package"


def test_it_takes_a_price_below_a_cent(client: stripe.StripeClient) -> None:
    made = create_price(client, unit_amount=None, unit_amount_decimal=Decimal("7.8"))
    assert (made.unit_amount, made.unit_amount_decimal) == (None, Decimal("7.8"))


def test_it_finds_prices_by_lookup_key(client: stripe.StripeClient) -> None:
    key = uuid.uuid4().hex
    made = create_price(client, lookup_key=key)
    assert [one.id for one in client.v1.prices.list({"lookup_keys": [key]}).data] == [made.id]


def test_it_refuses_a_lookup_key_that_is_taken(client: stripe.StripeClient) -> None:
    key = uuid.uuid4().hex
    create_price(client, lookup_key=key)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create_price(client, lookup_key=key)
    assert (caught.value.http_status, caught.value.param) == (400, "lookup_key")


def test_it_transfers_a_lookup_key(client: stripe.StripeClient) -> None:
    key = uuid.uuid4().hex
    old = create_price(client, lookup_key=key)
    new = create_price(client, lookup_key=key, unit_amount=1000, transfer_lookup_key=True)
    assert client.v1.prices.retrieve(old.id).lookup_key is None
    assert [one.id for one in client.v1.prices.list({"lookup_keys": [key]}).data] == [new.id]


def test_it_filters_by_product_and_activity(client: stripe.StripeClient) -> None:
    first = create_price(client)
    second = create_price(client, product=first.product, product_data=None)
    client.v1.prices.update(second.id, {"active": False})
    page = client.v1.prices.list({"product": first.product, "active": True})
    assert [one.id for one in page.data] == [first.id]


def test_it_never_changes_an_amount(client: stripe.StripeClient) -> None:
    made = create_price(client)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.prices.update(made.id, {"unit_amount": 1})  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.param) == ("parameter_unknown", "unit_amount")


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"unit_amount": None}, None, None),
        ({"unit_amount": -1}, "unit_amount", "parameter_invalid_integer"),
        ({"unit_amount": "9.5"}, "unit_amount", "parameter_invalid_integer"),
        ({"unit_amount": 100_000_000}, "unit_amount", "amount_too_large"),
        ({"currency": "xxx"}, "currency", None),
        ({"currency": None}, "currency", "parameter_missing"),
        ({"product_data": None}, None, None),
        ({"product_data": None, "product": "prod_nobody"}, "product", "resource_missing"),
        ({"recurring": {"interval": "month"}}, "recurring", "stand_in_not_implemented"),
    ],
)
def test_it_rejects(
    client: stripe.StripeClient, changes: dict[str, object], param: str | None, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create_price(client, **changes)
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (400, param, code)

from typing import Any

import pytest
import stripe

from tests.fake_stripe.objects import buy, create_customer, types_about
from tests.fake_stripe.processes import StandInProcess

SAVE: Any = {"payment_intent_data": {"setup_future_usage": "off_session"}}


@pytest.fixture
def customer(client: stripe.StripeClient) -> str:
    return str(create_customer(client).id)


def attach(client: stripe.StripeClient, customer: str, card: str = "pm_card_visa") -> Any:
    return client.v1.payment_methods.attach(card, {"customer": customer})


def test_it_works(client: stripe.StripeClient, customer: str) -> None:
    method = attach(client, customer)
    assert method.id.startswith("pm_1")
    assert (method.customer, method.card.last4, method.card.brand) == (customer, "4242", "visa")
    assert client.v1.payment_methods.retrieve(method.id).to_dict() == method.to_dict()
    assert types_about(client, method.id) == ["payment_method.attached"]


def test_checkout_saves_the_card(client: stripe.StripeClient, stand_in: StandInProcess, customer: str) -> None:
    intent = buy(stand_in, customer=customer, **SAVE)
    saved = client.v1.customers.payment_methods.list(customer, {"type": "card"}).data
    assert intent.setup_future_usage == "off_session"
    assert [one.id for one in saved] == [intent.payment_method]
    assert types_about(client, saved[0].id) == ["payment_method.attached"]


def test_checkout_saves_it_for_the_customer_it_makes(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    intent = buy(stand_in, customer_creation="always", customer_email="new@example.com", **SAVE)
    assert client.v1.payment_methods.retrieve(intent.payment_method).customer == intent.customer


def test_checkout_saves_nothing_unasked(client: stripe.StripeClient, stand_in: StandInProcess, customer: str) -> None:
    intent = buy(stand_in, customer=customer)
    assert client.v1.customers.payment_methods.list(customer).data == []
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        attach(client, customer, intent.payment_method)


def test_it_lists_newest_first(client: stripe.StripeClient, customer: str) -> None:
    first, second = attach(client, customer), attach(client, customer, "pm_card_mastercard")
    assert [one.id for one in client.v1.payment_methods.list({"customer": customer}).data] == [second.id, first.id]
    assert client.v1.customers.payment_methods.retrieve(customer, first.id).id == first.id
    other = create_customer(client).id
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.payment_methods.retrieve(other, first.id)


def test_what_is_detached_is_gone_for_good(client: stripe.StripeClient, customer: str) -> None:
    method = attach(client, customer)
    assert client.v1.payment_methods.detach(method.id).customer is None
    assert client.v1.payment_methods.list({"customer": customer}).data == []
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        attach(client, customer, method.id)
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        client.v1.payment_methods.detach(method.id)
    assert types_about(client, method.id) == ["payment_method.attached", "payment_method.detached"]


def test_attaching_again_changes_nothing(client: stripe.StripeClient, customer: str) -> None:
    method = attach(client, customer)
    attach(client, customer, method.id)
    assert types_about(client, method.id) == ["payment_method.attached"]
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        attach(client, create_customer(client).id, method.id)


def test_a_declined_card_can_not_be_attached(client: stripe.StripeClient, customer: str) -> None:
    with pytest.raises(stripe.CardError) as caught:
        attach(client, customer, "pm_card_visa_chargeDeclinedInsufficientFunds")
    assert (caught.value.http_status, caught.value.code) == (402, "card_declined")
    assert attach(client, customer, "pm_card_chargeCustomerFail").customer == customer


def test_it_is_made_of_test_numbers(client: stripe.StripeClient) -> None:
    card: Any = {"number": "5555 5555 5555 4444", "exp_month": 3, "exp_year": 2031, "cvc": "123"}
    made: Any = client.v1.payment_methods.create({"type": "card", "card": card, "billing_details": {"name": "Ada"}})
    assert (made.card.brand, made.card.last4, made.card.exp_year) == ("mastercard", "4444", 2031)
    assert (made.billing_details.name, made.customer) == ("Ada", None)


def test_any_other_number_is_wrong(client: stripe.StripeClient) -> None:
    card: Any = {"number": "4242424242424241", "exp_month": 3, "exp_year": 2031}
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_methods.create({"type": "card", "card": card})
    assert (caught.value.code, caught.value.param) == ("incorrect_number", "number")


def test_only_a_saved_one_can_be_changed(client: stripe.StripeClient, customer: str) -> None:
    method = attach(client, customer)
    params: Any = {"metadata": {"a": "1"}, "card": {"exp_year": 2040}, "billing_details": {"email": "a@example.com"}}
    changed: Any = client.v1.payment_methods.update(method.id, params)
    assert (changed.card.exp_year, changed.billing_details.email) == (2040, "a@example.com")
    client.v1.payment_methods.detach(method.id)
    with pytest.raises(stripe.InvalidRequestError, match="save this PaymentMethod"):
        client.v1.payment_methods.update(method.id, params)


def test_a_customer_has_a_default(client: stripe.StripeClient, customer: str) -> None:
    method = attach(client, customer)
    settings: Any = {"invoice_settings": {"default_payment_method": method.id}}
    client.v1.customers.update(customer, settings)
    expand: Any = {"expand": ["invoice_settings.default_payment_method"]}
    found: Any = client.v1.customers.retrieve(customer, expand)
    assert found.invoice_settings.default_payment_method.id == method.id
    with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method"):
        client.v1.customers.update(create_customer(client).id, settings)


REFUSED: list[tuple[dict[str, Any], str, str | None]] = [
    ({}, "type", "parameter_missing"),
    ({"type": "card"}, "card", "parameter_missing"),
    ({"type": "card", "card": {"number": "4242424242424242"}}, "card[exp_month]", "parameter_missing"),
    ({"type": "card", "card": {"token": "tok_nobody"}}, "card[token]", "resource_missing"),
    ({"type": "sepa_debit"}, "type=sepa_debit", "stand_in_not_implemented"),
    ({"type": "gold"}, "type", None),
]


@pytest.mark.parametrize(("params", "param", "code"), REFUSED)
def test_it_rejects(client: stripe.StripeClient, params: Any, param: str, code: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_methods.create(params)
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (400, param, code)

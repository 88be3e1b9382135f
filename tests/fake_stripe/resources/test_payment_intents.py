import uuid
from typing import Any

import pytest
import stripe

from tests.fake_stripe.objects import buy, create_customer, types_about
from tests.fake_stripe.processes import StandInProcess


@pytest.fixture
def customer(client: stripe.StripeClient) -> str:
    return str(create_customer(client).id)


def saved(client: stripe.StripeClient, customer: str, card: str = "pm_card_visa") -> str:
    return client.v1.payment_methods.attach(card, {"customer": customer}).id


def charge(client: stripe.StripeClient, customer: str, method: str, options: Any = None, **changes: Any) -> Any:
    """Charge a saved card while its owner is away, as an automatic top-up does."""
    params: Any = {
        "amount": 3900,
        "currency": "usd",
        "customer": customer,
        "payment_method": method,
        "confirm": True,
        "off_session": True,
        "metadata": {"purchaseId": "42"},
    }
    params |= changes
    return client.v1.payment_intents.create(params, options)


def declined(client: stripe.StripeClient, customer: str, method: str, **changes: Any) -> Any:
    with pytest.raises(stripe.CardError) as caught:
        charge(client, customer, method, **changes)
    assert caught.value.http_status == 402
    return caught.value


def test_it_works(client: stripe.StripeClient, customer: str) -> None:
    made = charge(client, customer, saved(client, customer), expand=["latest_charge"])
    assert (made.status, made.amount_received, made.customer) == ("succeeded", 3900, customer)
    assert made.to_dict()["metadata"] == {"purchaseId": "42"}
    assert (made.latest_charge.paid, made.latest_charge.payment_method) == (True, made.payment_method)
    assert made.latest_charge.receipt_url.startswith("http://localhost")
    assert types_about(client, made.id) == ["payment_intent.created", "payment_intent.succeeded"]


def test_a_card_saved_by_checkout_can_be_charged(
    client: stripe.StripeClient, stand_in: StandInProcess, customer: str
) -> None:
    usage = {"setup_future_usage": "off_session"}
    first = buy(stand_in, card="4000002500003155", customer=customer, payment_intent_data=usage)
    assert charge(client, customer, first.payment_method).status == "succeeded"


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required"),
        ("pm_card_authenticationRequiredOnSetup", "authentication_required", "authentication_required"),
    ],
)
def test_a_decline_holds_the_intent(
    client: stripe.StripeClient, customer: str, card: str, code: str, decline_code: str
) -> None:
    error = declined(client, customer, saved(client, customer, card)).error
    intent = client.v1.payment_intents.retrieve(error.payment_intent.id)
    assert (error.code, error.decline_code, error.type) == (code, decline_code, "card_error")
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.code == code
    assert error.charge == intent.latest_charge
    assert client.v1.charges.retrieve(error.charge).status == "failed"
    assert types_about(client, intent.id) == ["payment_intent.created", "payment_intent.payment_failed"]


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card"),
        ("4000000000009979", "card_declined", "stolen_card"),
        ("4000000000000069", "expired_card", None),
        ("4000000000000127", "incorrect_cvc", None),
        ("4000000000000119", "processing_error", None),
        ("4000000000006975", "card_declined", "card_velocity_exceeded"),
    ],
)
def test_test_cards_decline_as_documented(
    client: stripe.StripeClient, number: str, code: str, decline_code: str | None
) -> None:
    card: Any = {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2034}}
    method = client.v1.payment_methods.create(card).id
    automatic = {"enabled": True, "allow_redirects": "never"}
    params: Any = {"amount": 500, "currency": "usd", "payment_method": method, "confirm": True}
    params["automatic_payment_methods"] = automatic
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(params)
    assert caught.value.error is not None
    found = caught.value.error.to_dict()
    assert (found["code"], found.get("decline_code")) == (code, decline_code)


def test_a_declined_intent_can_be_tried_again(client: stripe.StripeClient, customer: str) -> None:
    failing = saved(client, customer, "pm_card_chargeCustomerFail")
    intent_id = declined(client, customer, failing).error.payment_intent.id
    again: Any = {"payment_method": saved(client, customer), "off_session": True}
    assert client.v1.payment_intents.confirm(intent_id, again).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(intent_id, again)
    assert caught.value.code == "payment_intent_unexpected_state"


def test_a_key_gives_the_same_decline_again(client: stripe.StripeClient, customer: str) -> None:
    method, options = saved(client, customer, "pm_card_chargeCustomerFail"), {"idempotency_key": uuid.uuid4().hex}
    first, second = (declined(client, customer, method, options=options) for _ in range(2))
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json_body == first.json_body
    assert len(client.v1.payment_intents.list({"customer": customer}).data) == 1


def test_a_key_charges_once(client: stripe.StripeClient, customer: str) -> None:
    method, options = saved(client, customer), {"idempotency_key": uuid.uuid4().hex}
    first, second = (charge(client, customer, method, options) for _ in range(2))
    assert first.id == second.id
    assert len(client.v1.charges.list({"customer": customer}).data) == 1


@pytest.mark.parametrize(("outcome", "status"), [("succeeds", "succeeded"), ("fails", "requires_payment_method")])
def test_a_customer_who_is_there_authenticates(
    client: stripe.StripeClient, stand_in: StandInProcess, customer: str, outcome: str, status: str
) -> None:
    method = saved(client, customer, "pm_card_authenticationRequired")
    back: Any = {"off_session": False, "return_url": "http://localhost:8000/done"}
    asking = charge(client, customer, method, **back)
    assert (asking.status, asking.next_action.type) == ("requires_action", "use_stripe_sdk")
    stand_in.control("POST", f"/payment_intents/{asking.id}/authenticate", {"outcome": outcome})
    assert client.v1.payment_intents.retrieve(asking.id).status == status


def test_a_customers_card_is_his_own(client: stripe.StripeClient, customer: str) -> None:
    method = saved(client, customer)
    with pytest.raises(stripe.InvalidRequestError, match="does not belong to the Customer"):
        charge(client, create_customer(client).id, method)
    with pytest.raises(stripe.InvalidRequestError, match="include the Customer"):
        client.v1.payment_intents.create({"amount": 500, "currency": "usd", "payment_method": method})


def test_a_detached_card_can_not_be_charged(client: stripe.StripeClient, customer: str) -> None:
    method = saved(client, customer)
    client.v1.payment_methods.detach(method)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        charge(client, customer, method)
    assert client.v1.payment_intents.list({"customer": customer}).data == []


def test_it_is_made_confirmed_and_canceled_step_by_step(client: stripe.StripeClient, customer: str) -> None:
    method = saved(client, customer)
    params: Any = {"amount": 500, "currency": "eur", "customer": customer, "payment_method": method}
    first, second = (client.v1.payment_intents.create(params) for _ in range(2))
    assert first.status == "requires_confirmation"
    client.v1.payment_intents.update(first.id, {"metadata": {"a": "1"}})
    confirmed = client.v1.payment_intents.confirm(first.id, {"off_session": True})
    assert (confirmed.status, confirmed.to_dict()["metadata"]) == ("succeeded", {"a": "1"})
    canceled = client.v1.payment_intents.cancel(second.id, {"cancellation_reason": "abandoned"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.cancel(first.id)
    assert caught.value.code == "payment_intent_unexpected_state"


REFUSED: list[tuple[dict[str, Any], str | None, str | None]] = [
    ({"amount": 49}, "amount", "amount_too_small"),
    ({"amount": 0}, "amount", "parameter_invalid_integer"),
    ({"amount": 100_000_000}, "amount", "amount_too_large"),
    ({"currency": "zzz"}, "currency", None),
    ({"customer": "cus_nobody"}, "customer", "resource_missing"),
    ({"payment_method": "pm_nobody"}, "payment_method", "resource_missing"),
    ({"confirm": True}, None, "payment_intent_unexpected_state"),
    ({"off_session": True}, "off_session", None),
    ({"payment_method": "pm_card_visa", "confirm": True}, None, None),
    ({"capture_method": "manual"}, "capture_method", "stand_in_not_implemented"),
]


@pytest.mark.parametrize(("changes", "param", "code"), REFUSED)
def test_it_rejects(client: stripe.StripeClient, changes: Any, param: str | None, code: str | None) -> None:
    params: Any = {"amount": 500, "currency": "usd"} | changes
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(params)
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (400, param, code)

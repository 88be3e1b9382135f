"""payapp.stripe_types.objects: Stripe's objects as our own."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from payapp.stripe_types.objects import CheckoutSession, Event, MalformedObjectError

CHECKOUT_SESSION: dict[str, Any] = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "mode": "payment",
    "status": "complete",
    "payment_status": "paid",
    "url": None,
    "customer": "cus_1",
    "client_reference_id": "41",
    "amount_total": 3900,
    "currency": "usd",
    "livemode": False,
    "payment_intent": "pi_1",
    "expires_at": 1_800_000_000,
    "metadata": {"purchaseId": "41"},
    "a_field_of_tomorrow": {"that": ["we", "do", "not", "know"]},
}
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "created": 1_800_000_000,
    "livemode": False,
    "type": "checkout.session.completed",
    "data": {"object": CHECKOUT_SESSION},
}
WRONG = [None, True, 5, -1, 1.5, 10**4000, "", "x" * 256, [], ["x"], {}, {"id": 5}, {"id": None}]
MISSING = object()


def test_it_reads_a_checkout_session() -> None:
    assert CheckoutSession.from_object(CHECKOUT_SESSION) == CheckoutSession(
        id="cs_test_1",
        mode="payment",
        status="complete",
        payment_status="paid",
        url=None,
        customer_id="cus_1",
        client_reference_id="41",
        amount_total=3900,
        currency="usd",
        livemode=False,
        payment_intent_id="pi_1",
        expires_at=datetime(2027, 1, 15, 8, tzinfo=UTC),
        metadata={"purchaseId": "41"},
    )


def test_it_reads_a_session_in_setup_mode_of_another_app() -> None:
    """Only fields that Stripe documents as nullable are null; such a session must be readable to be ignored."""
    nullable = ("customer", "client_reference_id", "amount_total", "currency", "payment_intent", "metadata", "url")
    source = CHECKOUT_SESSION | dict.fromkeys(nullable) | {"mode": "setup", "payment_status": "no_payment_required"}
    checkout_session = CheckoutSession.from_object(source)
    assert (checkout_session.mode, checkout_session.customer_id, checkout_session.metadata) == ("setup", None, {})


def test_it_reads_a_session_with_expanded_objects() -> None:
    expanded = {"customer": {"id": "cus_1", "object": "customer"}, "payment_intent": {"id": "pi_1", "amount": 3900}}
    checkout_session = CheckoutSession.from_object(CHECKOUT_SESSION | expanded)
    assert (checkout_session.customer_id, checkout_session.payment_intent_id) == ("cus_1", "pi_1")


def test_it_reads_the_long_address_of_an_open_session() -> None:
    url = "https://checkout.stripe.com/c/pay/cs_test_1#" + "x" * 900
    assert CheckoutSession.from_object(CHECKOUT_SESSION | {"url": url}).url == url


@pytest.mark.parametrize("field", sorted(CHECKOUT_SESSION.keys() - {"a_field_of_tomorrow"}))
def test_it_refuses_a_session_field_of_any_wrong_type(field: str) -> None:
    """Never another exception, and never an object that holds something else than it declares."""
    types = {"amount_total": int, "livemode": bool, "metadata": dict, "expires_at": int}
    for value in [MISSING, *WRONG]:
        source = CHECKOUT_SESSION | {field: value}
        if value is MISSING:
            del source[field]
        try:
            read = CheckoutSession.from_object(source)
        except MalformedObjectError:
            continue
        is_fitting = type(value) is types.get(field, str) or value is None or (field == "url" and value is MISSING)
        assert is_fitting, f"{field} was read from {value!r}"
        assert json.dumps(read.metadata), "metadata holds texts"


def test_it_refuses_another_object() -> None:
    with pytest.raises(MalformedObjectError):
        CheckoutSession.from_object(CHECKOUT_SESSION | {"object": "payment_intent"})


def test_it_refuses_an_empty_object() -> None:
    with pytest.raises(MalformedObjectError):
        CheckoutSession.from_object({})


def test_it_reads_an_event() -> None:
    payload = json.dumps(EVENT, indent=2)
    event = Event.from_payload(payload)
    assert (event.id, event.event_type, event.livemode) == ("evt_1", "checkout.session.completed", False)
    assert event.created_at == datetime(2027, 1, 15, 8, tzinfo=UTC)
    assert (event.object, event.payload) == (CHECKOUT_SESSION, payload)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "evt_"),
        ("id", "evt_" + "x" * 252),
        ("id", "evt_ä"),
        ("id", "evt_1\n"),
        ("id", "pi_1"),
        ("type", "Checkout Session"),
        ("type", "x" * 256),
        ("livemode", "false"),
        ("created", "2027-01-15T08:00:00Z"),  # a thin event of Stripe's v2 API
        ("created", 1e10),
        ("created", 2**40),
        ("data", CHECKOUT_SESSION),
        ("data", {"object": [CHECKOUT_SESSION]}),
        ("data", {"object": "cs_test_1"}),
    ],
)
def test_it_refuses_an_event_we_could_not_keep(field: str, value: object) -> None:
    with pytest.raises(MalformedObjectError):
        Event.from_payload(json.dumps(EVENT | {field: value}))


@pytest.mark.parametrize("field", ["id", "type", "livemode", "created", "data"])
def test_it_refuses_an_event_with_a_field_missing_or_of_a_wrong_type(field: str) -> None:
    for value in WRONG[:5] + WRONG[6:]:
        if (field == "livemode" and value is True) or (field == "created" and value == 5):
            continue
        with pytest.raises(MalformedObjectError):
            Event.from_payload(json.dumps(EVENT | {field: value}))
    with pytest.raises(MalformedObjectError):
        Event.from_payload(json.dumps({name: value for name, value in EVENT.items() if name != field}))


@pytest.mark.parametrize("payload", ["", "null", "[]", '"evt_1"', "5", "{}", "[" * 100_000, '{"id":' * 100_000])
def test_it_refuses_what_is_no_event_at_all(payload: str) -> None:
    with pytest.raises(MalformedObjectError):
        Event.from_payload(payload)

from typing import Any

import pytest

from tests.fake_stripe.processes import StandInProcess

CUSTOMERS, SESSIONS, EVENTS, PRICES = "/v1/customers", "/v1/checkout/sessions", "/v1/events", "/v1/prices"

# Method, path, form, param, code, words of the message. Codes: https://docs.stripe.com/error-codes
TABLE: list[tuple[str, str, dict[str, str], str, str | None, str]] = [
    ("POST", CUSTOMERS, {"emial": "a"}, "emial", "parameter_unknown", "Received unknown parameter: emial"),
    ("POST", CUSTOMERS, {"address[line3]": "a"}, "address[line3]", "parameter_unknown", "unknown parameter"),
    ("POST", CUSTOMERS, {"idempotency_key": "a"}, "idempotency_key", "parameter_unknown", "unknown parameter"),
    ("POST", CUSTOMERS, {"balance": "1.5"}, "balance", "parameter_invalid_integer", "Invalid integer: 1.5"),
    ("POST", CUSTOMERS, {"balance": "\uff11"}, "balance", "parameter_invalid_integer", "Invalid integer"),
    ("POST", CUSTOMERS, {"email": ""}, "email", "parameter_invalid_empty", "You passed an empty string for 'email'"),
    ("POST", CUSTOMERS, {"tax_exempt": "maybe"}, "tax_exempt", None, "must be one of"),
    ("POST", CUSTOMERS, {"address": "home"}, "address", None, "Invalid object"),
    ("POST", CUSTOMERS, {"name[first]": "Ada"}, "name", None, "Invalid string"),
    ("POST", CUSTOMERS, {"name": "A" * 5001}, "name", None, "at most 5000"),
    ("POST", PRICES, {"unit_amount": "1"}, "currency", "parameter_missing", "Missing required param: currency."),
    ("POST", PRICES, {"currency": "usd", "active": "yes"}, "active", None, "Invalid boolean: yes"),
    (
        "POST",
        PRICES,
        {"currency": "usd", "unit_amount_decimal": "x"},
        "unit_amount_decimal",
        None,
        "Invalid decimal",
    ),
    ("POST", SESSIONS, {"line_items": "3"}, "line_items", None, "Invalid array"),
    ("POST", SESSIONS, {"line_items[0][quantity]": "x"}, "line_items[0][quantity]", "parameter_invalid_integer", "x"),
    ("POST", SESSIONS, {"line_items[0][nope]": "x"}, "line_items[0][nope]", "parameter_unknown", "unknown"),
    (
        "POST",
        SESSIONS,
        {"line_items[0][price_data][unit_amount]": "9"},
        "line_items[0][price_data][currency]",
        "parameter_missing",
        "Missing required param",
    ),
    ("GET", EVENTS, {"created[since]": "1"}, "created[since]", "parameter_unknown", "unknown parameter"),
    ("GET", EVENTS, {"created": "yesterday"}, "created", "parameter_invalid_integer", "Invalid integer"),
    ("GET", EVENTS, {"delivery_success": "1"}, "delivery_success", None, "Invalid boolean"),
    ("GET", CUSTOMERS, {"mail": "a"}, "mail", "parameter_unknown", "unknown parameter"),
]


@pytest.mark.parametrize(("method", "path", "form", "param", "code", "words"), TABLE)
def test_it_answers_a_wrong_request_as_stripe_does(
    stand_in: StandInProcess,
    method: str,
    path: str,
    form: dict[str, str],
    param: str,
    code: str | None,
    words: str,
) -> None:
    answer = stand_in.api(method, path, form)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error.get("code")) == (param, code)
    assert words in error["message"]


def test_it_complains_about_the_unknown_before_the_missing(stand_in: StandInProcess) -> None:
    error = stand_in.api("POST", PRICES, {"nope": "1"}).json()["error"]
    assert error["code"] == "parameter_unknown"


def test_it_reads_lists_with_and_without_numbers(stand_in: StandInProcess) -> None:
    numbered = stand_in.api("POST", CUSTOMERS, {"preferred_locales[1]": "de", "preferred_locales[0]": "en"}).json()
    bare = stand_in.api("POST", CUSTOMERS, {"preferred_locales[]": "en"}).json()
    assert (numbered["preferred_locales"], bare["preferred_locales"]) == (["en", "de"], ["en"])


@pytest.mark.parametrize(
    "body", [b"\xff=\xfe", b"a=1&a[b]=2", b"[a]=1", b"a]=1", b"a" + b"[b]" * 50 + b"=1", b"=", b"&&&&=%FF"]
)
def test_it_answers_400_to_bodies_of_no_sense(stand_in: StandInProcess, body: Any) -> None:
    assert stand_in.api("POST", CUSTOMERS, body).status_code == 400


def test_it_refuses_a_body_that_is_too_long(stand_in: StandInProcess) -> None:
    assert stand_in.api("POST", CUSTOMERS, {"name": "A" * 1_100_000}).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "param"),
    [
        ("GET", "/v1/customers/cus_nobody", "id"),
        ("POST", "/v1/customers/cus_nobody", "id"),
        ("DELETE", "/v1/customers/cus_nobody", "id"),
        ("GET", "/v1/products/prod_nobody", "id"),
        ("GET", "/v1/prices/price_nobody", "price"),
        ("GET", "/v1/checkout/sessions/cs_nobody", "session"),
        ("POST", "/v1/checkout/sessions/cs_nobody/expire", "session"),
        ("GET", "/v1/payment_intents/pi_nobody", "intent"),
        ("GET", "/v1/charges/ch_nobody", "id"),
        ("GET", "/v1/events/evt_nobody", "id"),
        ("GET", "/v1/webhook_endpoints/we_nobody", "id"),
    ],
)
def test_it_answers_404_for_what_is_not_there(stand_in: StandInProcess, method: str, path: str, param: str) -> None:
    answer = stand_in.api(method, path)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (404, "resource_missing", param)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/nothing"), ("PUT", "/v1/customers"), ("GET", "/v1/customers/")]
)
def test_it_answers_404_for_addresses_stripe_does_not_have(stand_in: StandInProcess, method: str, path: str) -> None:
    answer = stand_in.api(method, path)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith(f"Unrecognized request URL ({method}: {path})")

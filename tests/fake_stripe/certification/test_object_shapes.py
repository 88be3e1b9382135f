"""Every object has the keys that the SDK's annotations declare, in every state: none unknown, none missing."""

from typing import Any

import pytest
import stripe

from tests.fake_stripe.certification.shapes import RESOURCES, problems_of_error, problems_of_object, undocumented
from tests.fake_stripe.certification.sides import Side
from tests.fake_stripe.certification.states import EXPANSIONS, STATES

LISTS = {
    "/v1/balance_transactions": ["data.source"],
    "/v1/charges": ["data.refunds", "data.balance_transaction"],
    "/v1/checkout/sessions": ["data.payment_intent", "data.customer"],
    "/v1/coupons": [],
    "/v1/customers": [],
    "/v1/disputes": ["data.charge"],
    "/v1/events": [],
    "/v1/payment_intents": ["data.latest_charge"],
    "/v1/prices": ["data.product"],
    "/v1/products": [],
    "/v1/promotion_codes": ["data.promotion.coupon"],
    "/v1/refunds": ["data.failure_balance_transaction", "data.payment_method"],
    "/v1/webhook_endpoints": [],
}


KINDS = {"session": "checkout.session", "intent": "payment_intent", "endpoint": "webhook_endpoint"}
STATUSES = {
    *("requires_payment_method", "requires_confirmation", "requires_action", "processing", "succeeded", "canceled"),
    *("needs_response", "under_review", "won", "lost", "warning_needs_response", "warning_under_review"),
    *("warning_closed", "prevented", "failed", "pending", "expired", "open"),
}


def problems_of(side: Side, body: dict[str, Any], name: str) -> list[str]:
    """Stripe's own answers may have more than is documented, and less where an account lacks a feature."""
    found = problems_of_object(body, name)
    return found if side.stand_in else [one for one in found if not undocumented(one)]


@pytest.mark.parametrize("name", STATES)
def test_it_has_the_keys_the_sdk_declares(side: Side, name: str) -> None:
    path = STATES[name](side)
    kind, _, state = name.partition(", ")
    plain = side.get(path)
    assert plain["object"] == KINDS.get(kind, kind.replace(" ", "_"))
    assert state not in STATUSES or plain["status"] == state
    assert problems_of(side, plain, name) == []
    expanded = plain if "deleted" in plain else side.get(path, expand=EXPANSIONS.get(kind, []))
    assert problems_of(side, expanded, f"{name}, expanded") == []
    assert stripe.StripeObject.construct_from(plain, "sk_test_x").to_dict() == plain


@pytest.mark.parametrize("path", LISTS)
def test_every_list_has_the_keys_the_sdk_declares(side: Side, path: str) -> None:
    found = side.get(path, limit=30, expand=LISTS[path])
    assert problems_of(side, found, path) == []


def test_a_new_endpoint_tells_its_secret_once(side: Side) -> None:
    made = side.v1.webhook_endpoints.create({"url": "https://example.com/x", "enabled_events": ["payout.paid"]})
    assert made.secret.startswith("whsec_")
    assert problems_of(side, made.to_dict(), "endpoint, just made") == []
    assert "secret" not in side.get(f"/v1/webhook_endpoints/{made.id}")


def test_line_items_have_the_keys_the_sdk_declares(side: Side) -> None:
    session = side.session(discounts=[{"coupon": side.coupon}])
    found = side.get(f"/v1/checkout/sessions/{session.id}/line_items", expand=["data.price.product"])
    assert problems_of(side, found, "line items") == []
    assert [item["object"] for item in found["data"]] == ["item"]


def test_the_check_finds_what_is_wrong(own_stand_in: Any) -> None:
    customer = own_stand_in.client().v1.customers.create({"email": "ada@example.com"}).to_dict()
    assert problems_of_object(customer, "customer") == []
    wrong: list[dict[str, Any]] = [
        {"colour": "red"},
        {"created": "now"},
        {"tax_exempt": 3},
        {"tax_exempt": "perhaps"},
        {"object": "charge"},
    ]
    wrong += [{"invoice_settings": {"nope": None}}, {"deleted": True}, {"livemode": None}]
    for change in wrong:
        assert problems_of_object({**customer, **change}, "customer"), change
    for key in customer.keys() - {"object"}:
        assert problems_of_object({name: customer[name] for name in customer if name != key}, "customer"), key


def test_the_check_of_errors_finds_what_is_wrong() -> None:
    error = {
        "type": "card_error",
        "code": "card_declined",
        "message": "No.",
        "doc_url": "https://x/error-codes/card-declined",
    }
    assert problems_of_error({"error": error}) == []
    for change in (
        {"type": "odd_error"},
        {"code": "odd_code"},
        {"param": None},
        {"doc_url": "https://x"},
        {"status": 402},
    ):
        assert problems_of_error({"error": error | change}), change


def test_every_kind_of_the_list_has_a_state() -> None:
    seen_otherwise = {"discount", "event", "item", "list"}
    named = {name.partition(",")[0].replace(" ", "_") for name in STATES}
    kinds = {
        kind.replace("checkout.", "").replace("payment_intent", "intent").replace("webhook_", "") for kind in RESOURCES
    }
    assert kinds - seen_otherwise == named

"""Everything it emits has the keys that the SDK's annotations declare: none unknown, none missing.

The annotations are checked all the way down. A key that may be null need not be there (Stripe leaves out some
unless asked), but each resource's own first level is complete except for what OMITTED lists, with the reason.
"""

import json
import sys
import types
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pytest
import stripe
from stripe._stripe_object import StripeObject, UntypedStripeObject

from tests.fake_stripe.objects import buy, create_customer, create_price, create_session
from tests.fake_stripe.processes import Receiver, StandInProcess, wait_until

RESOURCES: dict[str, Any] = {
    "balance_transaction": stripe.BalanceTransaction,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "coupon": stripe.Coupon,
    "customer": stripe.Customer,
    "discount": stripe.Discount,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "item": stripe.LineItem,
    "list": stripe.ListObject,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "price": stripe.Price,
    "product": stripe.Product,
    "promotion_code": stripe.PromotionCode,
    "refund": stripe.Refund,
    "webhook_endpoint": stripe.WebhookEndpoint,
}

PAYMENT_METHOD_TYPES = set(get_args(get_args(stripe.PaymentMethod.__annotations__["type"])[0]))

# Top-level keys that may be absent, because Stripe leaves them out: what only `expand` shows, what only deleted
# objects have, and what belongs to features that a plain test account of one country doesn't have switched on.
OMITTED: dict[str, set[str]] = {
    "balance_transaction": set(),
    "charge": {"authorization_code", "level3", "presentment_details", "refunds", "transfer"},
    "checkout.session": {
        *{"allowed_payment_method_types", "client_secret", "excluded_payment_method_types", "line_items"},
        *{"managed_payments", "name_collection", "optional_items", "presentment_details", "redirect_on_completion"},
        *{"return_url", "tax_id_collection"},
    },
    "customer": {
        *{"business_name", "cash_balance", "deleted", "individual_name"},
        *{"invoice_credit_balance", "sources", "subscriptions", "tax", "tax_ids"},
    },
    "coupon": {"applies_to", "currency_options", "deleted"},
    "discount": {"deleted"},
    "dispute": {"intended_submission_method"},
    "event": {"account", "context"},
    "item": {"discounts", "taxes"},
    "payment_intent": {
        *{"hooks", "payment_details", "presentment_details"},
    },
    # Each payment method shows the details of its own type only.
    "payment_method": PAYMENT_METHOD_TYPES | {"radar_options"},
    "price": {"currency_options", "deleted", "tiers"},
    "product": {"deleted"},
    "promotion_code": set(),
    "refund": {
        *{"description", "failure_balance_transaction", "failure_reason", "instructions_email", "next_action"},
        *{"pending_reason", "presentment_details"},
    },
    "webhook_endpoint": {"deleted", "secret"},
}


class SdkNames(dict[str, Any]):
    """The names in annotations: the SDK's modules import one another for type checkers only."""

    def __missing__(self, name: str) -> Any:
        return getattr(stripe, name, Any)


@cache
def hints_of(cls: Any) -> dict[str, Any]:
    """Return the annotations of an SDK class, its references to other resources resolved."""
    own = {name: hint for name, hint in cls.__annotations__.items() if not name.startswith("_")}
    fields = {name: hint for name, hint in own.items() if get_origin(hint) is not ClassVar}
    holder = types.SimpleNamespace(__annotations__=fields)
    return get_type_hints(holder, vars(sys.modules[cls.__module__]), SdkNames())


def problems(value: Any, hint: Any, path: str) -> list[str]:
    """Return what in `value` contradicts the annotation, each with its path."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any or isinstance(hint, TypeVar):
        return (
            problems_of_object(value, path) if isinstance(value, dict) and isinstance(value.get("object"), str) else []
        )
    if origin in (Union, types.UnionType):
        tries = [problems(value, member, path) for member in fitting(value, arguments)]
        return min(tries, key=len, default=[f"{path}: {value!r} fits nothing"])
    if origin is Literal:
        return [] if value in arguments else [f"{path}: {value!r} is not one of {arguments}"]
    if origin is list:
        return problems_of_list(value, arguments[0], path)
    if isinstance(origin or hint, type) and issubclass(origin or hint, StripeObject):
        return problems_of_mapping(value, origin or hint, arguments, path)
    return [] if is_simple(value, hint) else [f"{path}: {value!r} is no {hint}"]


def fitting(value: Any, members: tuple[Any, ...]) -> list[Any]:
    """Return the members of a union that are of the value's sort, so that a report names the real problem."""
    simple = (str, int, bool, Decimal, type(None))
    return [member for member in members if not (isinstance(value, dict) and member in simple)]


def problems_of_list(value: Any, member: Any, path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: {value!r} is no list"]
    return [problem for number, one in enumerate(value) for problem in problems(one, member, f"{path}[{number}]")]


def problems_of_mapping(value: Any, cls: type, arguments: tuple[Any, ...], path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no object"]
    if issubclass(cls, UntypedStripeObject):
        member = arguments[0] if arguments else Any
        return [problem for key, one in value.items() for problem in problems(one, member, f"{path}.{key}")]
    if is_object(value):
        return problems_of_object(value, path)
    return problems_of_keys(value, cls, path)


def problems_of_keys(value: dict[str, Any], cls: type, path: str) -> list[str]:
    hints = hints_of(cls)
    found = [f"{path}.{key}: the SDK does not know it" for key in value.keys() - hints.keys()]
    required = {key for key, hint in hints.items() if type(None) not in get_args(hint)}
    found += [f"{path}.{key}: is required and missing" for key in required - value.keys()]
    for key in value.keys() & hints.keys():
        found += problems(value[key], hints[key], f"{path}.{key}")
    return found


def problems_of_object(value: dict[str, Any], path: str) -> list[str]:
    """Check something that says itself what it is."""
    kind = value["object"]
    if value.get("deleted"):
        return []
    if kind == "list":
        unknown = value.keys() - {"object", "data", "has_more", "url"}
        inside = [p for n, one in enumerate(value["data"]) for p in problems_of_object(one, f"{path}.data[{n}]")]
        return [f"{path}.{key}: the SDK does not know it" for key in unknown] + inside
    cls = RESOURCES[kind]
    omitted = OMITTED[kind] - {value.get("type")}
    absent = hints_of(cls).keys() - value.keys() - omitted
    return [f"{path}.{key}: is left out" for key in absent] + problems_of_keys(value, cls, path)


def is_object(value: Any) -> bool:
    """Whether it says itself what it is; an event's data has an `object` of another meaning."""
    return isinstance(value, dict) and isinstance(value.get("object"), str)


def is_simple(value: Any, hint: Any) -> bool:
    if hint is Decimal:
        return isinstance(value, str)  # Stripe sends decimals as strings; the SDK converts them
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def test_the_check_finds_what_is_wrong(stand_in: StandInProcess) -> None:
    customer = create_customer(stand_in.client()).to_dict()
    assert problems_of_object(customer, "customer") == []
    assert problems_of_object({**customer, "colour": "red"}, "customer")
    assert problems_of_object({**customer, "created": "now"}, "customer")
    assert problems_of_object({**customer, "tax_exempt": 3}, "customer")
    assert problems_of_object({key: customer[key] for key in customer if key != "livemode"}, "customer")
    assert problems_of_object({**customer, "invoice_settings": {"nope": None}}, "customer")


def play_everything(stand_in: StandInProcess, customer: str) -> None:
    """Let happen what can happen to a payment, so that every kind of object exists in every state."""
    client = stand_in.client()
    intents = [buy(stand_in, card=card, customer=customer) for card in ("pm_card_visa", "pm_card_refundFail")]
    intents.append(buy(stand_in, customer=customer, payment_intent_data={"setup_future_usage": "off_session"}))
    for course, intent in zip(("succeeds", "pending", "requires_action"), intents, strict=True):
        order = {"payment_intent": intent.id, "course": course, "amount": 500}
        refund = stand_in.control("POST", "/refunds", order)
    client.v1.refunds.cancel(refund["id"])
    client.v1.refunds.create({"payment_intent": intents[1].id, "amount": 500})
    for intent, status, moves in zip(
        intents, ("needs_response", "warning_needs_response", "prevented"), MOVES, strict=True
    ):
        dispute = stand_in.control("POST", "/disputes", {"payment_intent": intent.id, "status": status})
        for move in moves:
            stand_in.control("POST", f"/disputes/{dispute['id']}/{move}")
    coupon = client.v1.coupons.create({"percent_off": 12.5, "duration": "once"})
    code = client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    client.v1.promotion_codes.update(code.id, {"metadata": {"a": "1"}})
    client.v1.coupons.update(coupon.id, {"name": "Spring"})
    session = create_session(client, discounts=[{"promotion_code": code.id}])
    stand_in.pay(session, "paid")
    charge_saved_cards(client, customer)


MOVES = (("submit", "win"), ("submit", "escalate", "lose"), ())


def charge_saved_cards(client: stripe.StripeClient, customer: str) -> None:
    for card in ("pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"):
        method = client.v1.payment_methods.attach(card, {"customer": customer}).id
        params: Any = {"amount": 500, "currency": "usd", "customer": customer, "payment_method": method}
        if card == "pm_card_chargeCustomerFail":
            with pytest.raises(stripe.CardError) as caught:
                client.v1.payment_intents.create(params | {"confirm": True, "off_session": True})
            body: Any = caught.value.json_body
            assert problems_of_object(body["error"]["payment_intent"], "error") == []
            continue
        made = client.v1.payment_intents.create(params)
        client.v1.payment_intents.confirm(made.id, {"return_url": "http://localhost:8000/"})
    client.v1.payment_intents.cancel(client.v1.payment_intents.create(params).id)
    client.v1.payment_methods.detach(method)


@pytest.fixture(scope="module")
def paths(stand_in: StandInProcess) -> dict[str, str]:
    """Addresses of one object of every kind, sessions in every state."""
    client = stand_in.client()
    customer, price = create_customer(client).id, create_price(client)
    found = {"customer": f"/v1/customers/{customer}", "price": f"/v1/prices/{price.id}"}
    found["product"] = f"/v1/products/{price.product}"
    play_everything(stand_in, customer)
    for outcome in ("open", "paid", "settles", "settle_fails", "declined", "expire"):
        session = create_session(client, customer=customer)
        if outcome != "open":
            stand_in.pay(session, outcome)
        found[f"session, {outcome}"] = f"/v1/checkout/sessions/{session.id}"
    for kind in ("coupon", "promotion_code"):
        found[kind] = f"/v1/{kind}s/{client.v1.events.list({'type': f'{kind}.created'}).data[0].data.object['id']}"
    endpoint = client.v1.webhook_endpoints.create({"url": "http://localhost:9/x", "enabled_events": ["price.updated"]})
    found["endpoint"] = f"/v1/webhook_endpoints/{endpoint.id}"
    wait_until(lambda: client.v1.events.list({"type": "checkout.session.async_payment_failed"}).data)
    return found


EXPAND = {"expand[0]": "payment_intent.latest_charge", "expand[1]": "customer", "expand[2]": "line_items"}
EXPAND |= {"expand[4]": "total_details.breakdown", "expand[5]": "discounts.promotion_code"}


def test_every_object_has_the_keys_the_sdk_declares(stand_in: StandInProcess, paths: dict[str, str]) -> None:
    for name, path in paths.items():
        form = EXPAND | {"expand[3]": "payment_intent.payment_method"} if name.startswith("session") else None
        found = stand_in.api("GET", path, form).json()
        assert problems_of_object(found, name) == []


def test_every_list_has_the_keys_the_sdk_declares(stand_in: StandInProcess, paths: dict[str, str]) -> None:
    lists = ["customers", "products", "prices", "checkout/sessions", "payment_intents", "charges", "refunds"]
    lists += ["disputes", "balance_transactions", "coupons", "promotion_codes", "events", "webhook_endpoints"]
    for path in [*lists, paths["customer"].removeprefix("/v1/") + "/payment_methods"]:
        found = stand_in.api("GET", f"/v1/{path}", {"limit": "100"} | EXPAND_LISTS.get(path, {})).json()
        assert found["data"], path
        assert problems_of_object(found, path) == []


EXPAND_LISTS = {
    "charges": {"expand[0]": "data.refunds", "expand[1]": "data.balance_transaction"},
    "disputes": {"expand[0]": "data.charge"},
    "promotion_codes": {"expand[0]": "data.promotion.coupon"},
    "refunds": {"expand[0]": "data.failure_balance_transaction", "expand[1]": "data.payment_method"},
}


def test_every_webhook_has_the_keys_the_sdk_declares(forwarding: StandInProcess, receiver: Receiver) -> None:
    client = forwarding.client()
    for outcome in ("paid", "settles", "settle_fails", "declined", "expire"):
        forwarding.pay(create_session(client, customer=create_customer(client).id), outcome)
    price = create_price(client)
    client.v1.prices.update(price.id, {"active": False})
    play_everything(forwarding, create_customer(client).id)
    receiver.wait_for("checkout.session.async_payment_failed")
    receiver.wait_for("price.updated")
    receiver.wait_for("refund.failed")
    wait_until(lambda: forwarding.control("GET", "/health")["pending_deliveries"] == 0)
    for one in list(receiver.received):
        assert problems_of_object(json.loads(one.body), one.type) == []
        assert stripe.Event.construct_from(one.event, "sk_test_x").type == one.type
    assert {one.type for one in receiver.received} >= EXPECTED_TYPES


EXPECTED_TYPES = {
    *("charge.dispute.closed", "charge.dispute.created", "charge.dispute.funds_reinstated"),
    *("charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.failed", "charge.pending"),
    *("charge.refund.updated", "charge.refunded", "charge.succeeded", "charge.updated"),
    *("checkout.session.async_payment_failed", "checkout.session.async_payment_succeeded"),
    *("checkout.session.completed", "checkout.session.expired", "coupon.created", "coupon.updated"),
    *("customer.created", "payment_intent.canceled", "payment_intent.created", "payment_intent.payment_failed"),
    *("payment_intent.processing", "payment_intent.requires_action", "payment_intent.succeeded"),
    *("payment_method.attached", "payment_method.detached", "price.created", "price.updated", "product.created"),
    *("promotion_code.created", "promotion_code.updated", "refund.created", "refund.failed", "refund.updated"),
}

"""Compares JSON with the SDK's annotations: keys that the SDK does not know, keys missing, values that do not fit.

The annotations are checked all the way down, their enumerations closed (the SDK leaves them open for values to come).
A key that may be null need not be there, because Stripe leaves some out, but each resource's own first level is
complete except for what OMITTED lists, with the reason.
"""

import sys
import types
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import stripe
from stripe._stripe_object import StripeObject, UntypedStripeObject

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
        tries = [problems(value, member, path) for member in fitting(value, closed(arguments))]
        return min(tries, key=len, default=[f"{path}: {value!r} fits nothing"])
    if origin is Literal:
        return [] if value in arguments else [f"{path}: {value!r} is not one of {arguments}"]
    if origin is list:
        return problems_of_list(value, arguments[0], path)
    if isinstance(origin or hint, type) and issubclass(origin or hint, StripeObject):
        return problems_of_mapping(value, origin or hint, arguments, path)
    return [] if is_simple(value, hint) else [f"{path}: {value!r} is no {hint}"]


def closed(members: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the members of a union; beside an enumeration the SDK's `str` stands for values it does not know yet."""
    has_literals = any(get_origin(member) is Literal for member in members)
    return tuple(member for member in members if not (has_literals and member is str))


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
    if kind == "list":
        return problems_of_page(value, path)
    if "deleted" in value:
        return [] if value == {"id": value["id"], "object": kind, "deleted": True} else [f"{path}: more than deleted"]
    cls = RESOURCES[kind]
    return problems_of_first_level(value, cls, path) + problems_of_keys(value, cls, path)


def problems_of_first_level(value: dict[str, Any], cls: Any, path: str) -> list[str]:
    """Name what is left out of a resource, and what of another type than its own is in it."""
    omitted = OMITTED[value["object"]] - {value.get("type")}
    absent = hints_of(cls).keys() - value.keys() - omitted
    return [f"{path}.{key}: is left out" for key in absent]


def problems_of_page(value: dict[str, Any], path: str) -> list[str]:
    """Check one page of a list, whose members may be of any kind."""
    found = [f"{path}.{key}: the SDK does not know it" for key in value.keys() - {"object", "data", "has_more", "url"}]
    found += [f"{path}.{key}: is required and missing" for key in {"data", "has_more", "url"} - value.keys()]
    if not isinstance(value.get("has_more"), bool) or not str(value.get("url")).startswith("/v1/"):
        found.append(f"{path}: has_more is no flag, or url no address")
    return found + [p for n, one in enumerate(value["data"]) for p in problems_of_object(one, f"{path}.data[{n}]")]


def problems_of_error(body: dict[str, Any], path: str = "error") -> list[str]:
    """Check the body of a refusal: one of Stripe's four types, a code that the SDK knows, nothing that is null."""
    error = body["error"]
    found = problems_of_keys(error, stripe.ErrorObject, path)
    found += [f"{path}.{key}: is null" for key, value in error.items() if value is None]
    found += problems(
        error["type"], Literal["api_error", "card_error", "idempotency_error", "invalid_request_error"], path
    )
    if "code" in error:
        found += problems(error["code"], hints_of(stripe.PaymentIntent.LastPaymentError)["code"], f"{path}.code")
        if not error.get("doc_url", "").endswith(f"/error-codes/{error['code'].replace('_', '-')}"):
            found.append(f"{path}.doc_url: leads elsewhere")
    return found if set(body) == {"error"} else [*found, f"{path}: something beside the error"]


def problems_of_event(event: dict[str, Any], path: str) -> list[str]:
    """Check what only events have: a type that the SDK knows, their request, and what was there before."""
    found = problems_of_object(event, path)
    now, before = event["data"]["object"], event["data"].get("previous_attributes")
    if event["request"].keys() != {"id", "idempotency_key"} or event["api_version"] != stripe.api_version:
        found.append(f"{path}: its request or its version is odd")
    if event["type"].endswith(".updated") != (before is not None) and event["type"] not in MAY_TELL_WHAT_WAS:
        found.append(f"{path}: previous_attributes belong to updates")
    return found + problems_of_previous(before or {}, now, f"{path}.previous")


# Events that tell of a change without being called updates, and updates that tell of something new beside the object.
MAY_TELL_WHAT_WAS = {
    *("charge.refunded", "payment_method.attached", "payment_method.detached", "charge.dispute.closed"),
}


def problems_of_previous(before: dict[str, Any], now: dict[str, Any], path: str) -> list[str]:
    """What was there before has keys of the object, and never the value of today."""
    found = []
    for key, value in before.items():
        if isinstance(value, dict) and isinstance(now.get(key), dict):
            found += problems_of_previous(value, now[key], f"{path}.{key}")
        elif value == now.get(key):
            found.append(f"{path}.{key}: has not changed")
    return found


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


# What Stripe's answers have beside what is documented, seen in answers recorded in its test mode.
UNDOCUMENTED = (
    *("attributes", "balance_transaction", "cache_context_key", "count", "destination", "dispute", "order"),
    *("shared_payment_granted_token", "total_count"),
)


def undocumented(problem: str) -> bool:
    """Whether a problem found in an answer of Stripe's own says nothing against it."""
    place, _, words = problem.partition(": ")
    is_known = place.rpartition(".")[2] in UNDOCUMENTED and words == "the SDK does not know it"
    return is_known or words == "is left out"

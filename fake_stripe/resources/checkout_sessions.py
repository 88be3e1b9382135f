"""Checkout sessions in payment mode: https://docs.stripe.com/api/checkout/sessions."""

from fake_stripe.errors import (
    JsonObject,
    StripeError,
    exclusive_parameters,
    missing_parameter,
    not_in_stand_in,
    parameter_error,
)
from fake_stripe.money.currencies import amount_min, format_money
from fake_stripe.money.discounts import discount_items, read_discounts, session_amounts
from fake_stripe.resources.checkout_blank import BLANK, KIND
from fake_stripe.resources.checkout_line_items import build_line_items
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params, expandable, operation
from fake_stripe.resources.pagination import Condition, equals, list_objects
from fake_stripe.resources.shapes import check_email, check_url, new_object, pick, refuse_others
from fake_stripe.work import Work

EXPIRY_SECONDS_MIN = 30 * 60
EXPIRY_SECONDS_MAX = 24 * 3600

_SHOWN = (
    "allow_promotion_codes",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_creation",
    "customer_email",
    "locale",
    "payment_method_types",
    "submit_type",
    "success_url",
)
_IMPLEMENTED = (
    *(*_SHOWN, "automatic_tax", "currency", "discounts", "expires_at", "line_items"),
    *("mode", "payment_intent_data", "ui_mode"),
)
_PAYMENT_INTENT_DATA = ("description", "metadata", "receipt_email", "setup_future_usage", "statement_descriptor_suffix")


@operation("POST", "/v1/checkout/sessions", "checkout.SessionCreateParams")
def create_session(work: Work, params: Params) -> JsonObject:
    """Make an open session with its payment page. Raises StripeError for what Stripe would refuse."""
    _check(work, params)
    items = build_line_items(work, params["line_items"])
    currency = items[0]["currency"]
    given = read_discounts(work, params, currency, sum(item["amount_subtotal"] for item in items))
    items = discount_items(work, items, given)
    amounts = session_amounts(items, given)
    _check_total(amounts["amount_total"], currency, params)
    fields = pick(params, *_SHOWN) | amounts | {"currency": currency}
    session = new_object(work, BLANK, **fields, expires_at=_read_expiry(work, params))
    session["metadata"] = merge_metadata({}, params.get("metadata"))
    session["url"] = f"{work.settings.public_url}/c/pay/{session['id']}"
    if session["customer"] is None and session["customer_creation"] is None:
        session["customer_creation"] = "if_required"
    data = params.get("payment_intent_data", {})
    data["metadata"] = merge_metadata({}, data.get("metadata"), "payment_intent_data[metadata]")
    return work.create(session, line_items=items, payment_intent_data=data, discount=given)


def _check(work: Work, params: Params) -> None:
    if "mode" not in params:
        raise missing_parameter("mode")
    if params["mode"] != "payment":
        raise not_in_stand_in(f"mode={params['mode']}")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise not_in_stand_in(f"ui_mode={params['ui_mode']}")
    refuse_others(params, *_IMPLEMENTED)
    _refuse_taxes(params.get("automatic_tax", {}))
    for name in params.get("payment_intent_data", {}):
        if name not in _PAYMENT_INTENT_DATA:
            raise not_in_stand_in(f"payment_intent_data[{name}]")
    if not params.get("line_items"):
        raise missing_parameter("line_items")
    if "success_url" not in params:
        raise missing_parameter("success_url")
    for name in ("success_url", "cancel_url"):
        if name in params:
            check_url(params[name], name)
    _check_customer(work, params)


def _refuse_taxes(sent: Params) -> None:
    """Said not to be wanted, as is the default, they are well."""
    for name, value in sent.items():
        if name != "enabled" or value:
            raise not_in_stand_in(f"automatic_tax[{name}]")


def _check_customer(work: Work, params: Params) -> None:
    if "customer" in params and "customer_email" in params:
        raise exclusive_parameters("customer", "customer_email")
    if "customer" in params and "customer_creation" in params:
        message = "`customer_creation` can only be used when there is no `customer`."
        raise parameter_error(message, "customer_creation")
    check_email(params.get("customer_email"), "customer_email")
    if "customer" in params:
        work.get("customer", params["customer"], "customer")


def _check_total(total: int, currency: str, params: Params) -> None:
    if params.get("currency", currency).lower() != currency:
        raise parameter_error(f"The line items are in {currency}, not in {params['currency']}.", "currency")
    if 0 < total < amount_min(currency):
        smallest = format_money(amount_min(currency), currency)
        message = f"The Checkout Session's total amount due must add up to at least {smallest} {currency}"
        raise parameter_error(message, None, "amount_too_small")


def _read_expiry(work: Work, params: Params) -> int:
    expires_at = int(params.get("expires_at", work.now + EXPIRY_SECONDS_MAX))
    if expires_at < work.now + EXPIRY_SECONDS_MIN:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise parameter_error(message, "expires_at")
    if expires_at > work.now + EXPIRY_SECONDS_MAX:
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise parameter_error(message, "expires_at")
    return expires_at


@operation("GET", "/v1/checkout/sessions/<session_id>", "checkout.SessionRetrieveParams")
def retrieve_session(work: Work, params: Params, session_id: str) -> JsonObject:
    """Return a session."""
    return work.get(KIND, session_id, "session", status=404)


@operation("GET", "/v1/checkout/sessions", "checkout.SessionListParams")
def list_sessions(work: Work, params: Params) -> JsonObject:
    """Return a page of sessions."""
    refuse_others(
        params,
        *("created", "customer", "customer_details", "ending_before", "limit"),
        *("payment_intent", "starting_after", "status"),
    )
    conditions: list[Condition] = equals(params, "customer", "payment_intent", "status")
    if "customer_details" in params:
        email = params["customer_details"]["email"]
        conditions.append(("json_extract(body, '$.customer_details.email') = ?", (email,)))
    return list_objects(work, KIND, "/v1/checkout/sessions", params, conditions)


@operation("POST", "/v1/checkout/sessions/<session_id>/expire", "checkout.SessionExpireParams")
def expire_session(work: Work, params: Params, session_id: str) -> JsonObject:
    """Close an open session for good. Raises StripeError when it is complete or expired."""
    session = work.get(KIND, session_id, "session", status=404)
    if session["status"] != "open":
        raise StripeError(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}."
        )
    return expire(work, session)


def expire(work: Work, session: JsonObject) -> JsonObject:
    """Mark an open session as expired: its page no longer takes payments."""
    expired = work.update(session, {"status": "expired", "url": None})
    work.emit("checkout.session.expired", expired)
    return expired


expandable(
    KIND,
    {
        "customer": "customer",
        "discounts.coupon": "coupon",
        "discounts.promotion_code": "promotion_code",
        "invoice": "invoice",
        "payment_intent": "payment_intent",
        "setup_intent": "setup_intent",
    },
)

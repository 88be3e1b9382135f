"""Payment methods: what a payment is made with, and what a customer has saved.

https://docs.stripe.com/api/payment_methods and, for what may be used again,
https://docs.stripe.com/payments/save-during-payment.
"""

from datetime import UTC, datetime

from fake_stripe.errors import (
    JsonObject,
    StripeError,
    card_error,
    missing_parameter,
    not_in_stand_in,
)
from fake_stripe.money.cards import Card, find_card
from fake_stripe.money.declines import decline_error
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params, expandable, operation
from fake_stripe.resources.pagination import equals, list_objects
from fake_stripe.resources.payment_method_shapes import NO_BILLING_DETAILS, bank_account_details, card_details
from fake_stripe.resources.shapes import changed_metadata, new_object, pick, refuse_others
from fake_stripe.work import Work

KIND = "payment_method"

_BLANK: JsonObject = {
    "object": KIND,
    "allow_redisplay": "unspecified",
    "billing_details": NO_BILLING_DETAILS,
    "created": 0,
    "customer": None,
    "customer_account": None,
    "livemode": False,
    "metadata": {},
    "type": "card",
}
_USED_UP = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, "
    "and may not be used again."
)


def new_card(work: Work, card: Card, expiry: tuple[int, int] = (12, 2034), **fields: object) -> JsonObject:
    """Make a card that is not attached to a customer yet."""
    return work.create(new_object(work, _BLANK, card=card_details(card, *expiry), **fields), card=card.token)


def new_bank_account(work: Work, last4: str, **fields: object) -> JsonObject:
    """Make a bank account that is not attached to a customer."""
    details = bank_account_details(last4)
    return work.create(new_object(work, _BLANK, type="us_bank_account", us_bank_account=details, **fields))


def card_of(work: Work, payment_method_id: str | None) -> Card | None:
    """Return the test card behind a payment method; None for a bank account."""
    return find_card(work.private_of(payment_method_id).get("card", ""))


def resolve(work: Work, payment_method_id: str, param: str, *, status: int = 400) -> JsonObject:
    """Return a payment method; `pm_card_…` makes a new one each time, as Stripe does."""
    card = find_card(payment_method_id) if payment_method_id.startswith("pm_card_") else None
    return new_card(work, card) if card else work.get(KIND, payment_method_id, param, status=status)


def check_usable(work: Work, method: JsonObject) -> None:
    """Raise StripeError for a payment method that was used once, or detached, and is no customer's."""
    if method["customer"] is None and work.private_of(method["id"]).get("is_used_up"):
        raise StripeError(_USED_UP)


def attach_to(work: Work, method: JsonObject, customer_id: str) -> JsonObject:
    """Save a payment method for a customer; what is already his stays so, without an event."""
    return work.update(method, {"customer": customer_id}, "payment_method.attached")


@operation("POST", "/v1/payment_methods", "PaymentMethodCreateParams")
def create_payment_method(work: Work, params: Params) -> JsonObject:
    """Make a card from one of Stripe's test numbers or tokens. Raises StripeError for any other number."""
    refuse_others(params, "allow_redisplay", "billing_details", "card", "type")
    if "type" not in params:
        raise missing_parameter("type")
    if params["type"] != "card":
        raise not_in_stand_in(f"type={params['type']}")
    if "card" not in params:
        raise missing_parameter("card")
    card, expiry = _read_card(work, params["card"])
    fields = pick(params, "allow_redisplay") | {"billing_details": _billing_details(params, NO_BILLING_DETAILS)}
    fields["metadata"] = merge_metadata({}, params.get("metadata"))
    return new_card(work, card, expiry, **fields)


def _read_card(work: Work, sent: Params) -> tuple[Card, tuple[int, int]]:
    for name in sent:
        if name not in ("cvc", "exp_month", "exp_year", "number", "token"):
            raise not_in_stand_in(f"card[{name}]")
    param = "card[token]" if "token" in sent else "card[number]"
    if "token" not in sent:
        for name in ("number", "exp_month", "exp_year"):
            if name not in sent:
                raise missing_parameter(f"card[{name}]")
    card = find_card(sent.get("token") or sent["number"])
    if card is None and "token" in sent:
        raise StripeError(f"No such token: '{sent['token']}'", code="resource_missing", param=param)
    if card is None:
        raise card_error({"code": "incorrect_number", "message": "Your card number is incorrect.", "param": "number"})
    expiry = (int(sent.get("exp_month", 12)), int(sent.get("exp_year", 2034)))
    _check_data(work, *expiry, sent.get("cvc", "123"))
    return card, expiry


def _check_data(work: Work, exp_month: int, exp_year: int, cvc: str) -> None:
    """https://docs.stripe.com/testing#invalid-data: month 13, year 95, security code 99."""
    this_year = datetime.fromtimestamp(work.now, UTC).year
    if not 1 <= exp_month <= 12:
        raise _invalid_data("expiration month", "invalid_expiry_month", "exp_month")
    century = 0 if exp_year >= 100 else 1900 if exp_year >= 70 else 2000
    if not this_year <= century + exp_year <= this_year + 50:
        raise _invalid_data("expiration year", "invalid_expiry_year", "exp_year")
    if not (cvc.isdecimal() and len(cvc) in (3, 4)):
        raise _invalid_data("security code", "invalid_cvc", "cvc")


def _invalid_data(words: str, code: str, param: str) -> StripeError:
    return card_error({"code": code, "message": f"Your card's {words} is invalid.", "param": param})


def _billing_details(params: Params, known: JsonObject) -> JsonObject:
    sent = params.get("billing_details", {})
    address = {**known["address"], **pick(sent.get("address") or {}, *known["address"])}
    return {**known, **pick(sent, "email", "name", "phone", "tax_id"), "address": address}


@operation("GET", "/v1/payment_methods/<payment_method_id>", "PaymentMethodRetrieveParams")
def retrieve_payment_method(work: Work, params: Params, payment_method_id: str) -> JsonObject:
    """Return a payment method."""
    return resolve(work, payment_method_id, "payment_method", status=404)


@operation("POST", "/v1/payment_methods/<payment_method_id>", "PaymentMethodUpdateParams")
def update_payment_method(work: Work, params: Params, payment_method_id: str) -> JsonObject:
    """Change billing details, expiry, metadata. Only a customer's own payment method can be changed."""
    refuse_others(params, "allow_redisplay", "billing_details", "card")
    method = work.get(KIND, payment_method_id, "payment_method", status=404)
    if method["customer"] is None:
        raise StripeError("You must save this PaymentMethod to a customer before you can update it.")
    changes = pick(params, "allow_redisplay") | changed_metadata(method, params)
    if "billing_details" in params:
        changes["billing_details"] = _billing_details(params, method["billing_details"])
    if "card" in params:
        changes["card"] = {**method["card"], **pick(params["card"], "exp_month", "exp_year")}
    return work.update(method, changes, "payment_method.updated")


@operation("POST", "/v1/payment_methods/<payment_method_id>/attach", "PaymentMethodAttachParams")
def attach_payment_method(work: Work, params: Params, payment_method_id: str) -> JsonObject:
    """Save a payment method for a customer. Raises StripeError 402 when the bank wants none of it."""
    refuse_others(params, "customer")
    if "customer" not in params:
        raise missing_parameter("customer")
    method = resolve(work, payment_method_id, "payment_method", status=404)
    work.get("customer", params["customer"], "customer")
    if method["customer"] not in (None, params["customer"]):
        raise StripeError("The payment method you provided has already been attached to a customer.")
    check_usable(work, method)
    card = card_of(work, method["id"])
    if card and card.decline_code and not card.can_attach:
        raise card_error(decline_error(card.decline_code))
    return attach_to(work, method, params["customer"])


@operation("POST", "/v1/payment_methods/<payment_method_id>/detach", "PaymentMethodDetachParams")
def detach_payment_method(work: Work, params: Params, payment_method_id: str) -> JsonObject:
    """Forget a customer's payment method for good: it can't be attached or charged again."""
    method = work.get(KIND, payment_method_id, "payment_method", status=404)
    if method["customer"] is None:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise StripeError(message)
    return work.update(method, {"customer": None}, "payment_method.detached", is_used_up=True)


@operation("GET", "/v1/payment_methods", "PaymentMethodListParams")
def list_payment_methods(work: Work, params: Params) -> JsonObject:
    """Return a page of a customer's payment methods. Stripe lists those of nobody for Treasury only."""
    refuse_others(params, "allow_redisplay", "customer", "ending_before", "limit", "starting_after", "type")
    if "customer" not in params:
        raise missing_parameter("customer")
    return _list_of(work, params["customer"], "/v1/payment_methods", params)


@operation("GET", "/v1/customers/<customer_id>/payment_methods", "CustomerPaymentMethodListParams")
def list_payment_methods_of_customer(work: Work, params: Params, customer_id: str) -> JsonObject:
    """Return a page of a customer's payment methods."""
    refuse_others(params, "allow_redisplay", "ending_before", "limit", "starting_after", "type")
    work.get("customer", customer_id, "id", status=404)
    return _list_of(work, customer_id, f"/v1/customers/{customer_id}/payment_methods", params)


def _list_of(work: Work, customer_id: str, url: str, params: Params) -> JsonObject:
    work.get("customer", customer_id, "customer")
    conditions = equals({**params, "customer": customer_id}, "allow_redisplay", "customer", "type")
    return list_objects(work, KIND, url, params, conditions)


@operation(
    "GET", "/v1/customers/<customer_id>/payment_methods/<payment_method_id>", "CustomerPaymentMethodRetrieveParams"
)
def retrieve_payment_method_of_customer(
    work: Work, params: Params, customer_id: str, payment_method_id: str
) -> JsonObject:
    """Return a customer's payment method, 404 for one that is not his."""
    method = work.get(KIND, payment_method_id, "payment_method", status=404)
    if method["customer"] != customer_id:
        raise StripeError("Invalid request", status=404, param="customer")
    return method


expandable(KIND, {"customer": "customer"})

"""Payment intents: one payment from first attempt to success. https://docs.stripe.com/api/payment_intents

By the API they are made with saved cards; a card is not typed here but on the payment page.
"""

from fake_stripe.errors import JsonObject, StripeError, card_error, not_in_stand_in, parameter_error
from fake_stripe.money.charging import charge_card
from fake_stripe.money.currencies import AMOUNT_MAX, amount_min, check_currency, format_money
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params, expandable, operation
from fake_stripe.resources.pagination import equals, list_objects
from fake_stripe.resources.payment_intent_blank import KIND, new_payment_intent
from fake_stripe.resources.payment_methods import check_usable, resolve
from fake_stripe.resources.shapes import changed_metadata, pick, refuse_others
from fake_stripe.work import Work

_CHANGEABLE = ("description", "receipt_email", "setup_future_usage", "statement_descriptor_suffix")
_CONFIRMING = ("error_on_requires_action", "off_session", "return_url")
_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = (*_CONFIRMABLE, "processing")


@operation("POST", "/v1/payment_intents", "PaymentIntentCreateParams")
def create_payment_intent(work: Work, params: Params) -> JsonObject:
    """Make a payment intent and, with `confirm`, try to charge it.

    A declined card is answered with a 402 that holds the intent; the intent stays and can be tried again.
    """
    fields = (*_CHANGEABLE, "amount", "currency", "customer", "confirm", "payment_method")
    refuse_others(params, *fields, *_CONFIRMING, "automatic_payment_methods")
    is_confirmed = params.get("confirm", False)
    if "off_session" in params and not is_confirmed:
        message = "The parameter `off_session` cannot be passed when creating a PaymentIntent unless `confirm` is true."
        raise parameter_error(message, "off_session")
    currency = _check_amount(params)
    if "customer" in params:
        work.get("customer", params["customer"], "customer")
    intent = new_payment_intent(
        work,
        amount=params["amount"],
        currency=currency,
        **pick(params, *_CHANGEABLE, "customer"),
        # The default: https://docs.stripe.com/upgrades#2023-08-16
        automatic_payment_methods={
            "allow_redirects": "always",
            **params.get("automatic_payment_methods", {"enabled": True}),
        },
        metadata=merge_metadata({}, params.get("metadata")),
    )
    if "payment_method" in params:
        intent = _with_method(work, intent, params["payment_method"])
    return _confirm(work, intent, params) if is_confirmed else intent


def _check_amount(params: Params) -> str:
    """Limits: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts"""
    currency, amount = check_currency(params["currency"], "currency"), params["amount"]
    if amount < 1:
        message = f"This value must be greater than or equal to 1 (it currently is '{amount}')."
        raise parameter_error(message, "amount", "parameter_invalid_integer")
    if amount < amount_min(currency):
        message = f"Amount must be at least {format_money(amount_min(currency), currency)} {currency}"
        raise parameter_error(message, "amount", "amount_too_small")
    if amount > AMOUNT_MAX:
        message = f"Amount must be no more than {format_money(AMOUNT_MAX, currency)} {currency}"
        raise parameter_error(message, "amount", "amount_too_large")
    return currency


def _with_method(
    work: Work, intent: JsonObject, payment_method_id: str, details: JsonObject | None = None
) -> JsonObject:
    method = resolve(work, payment_method_id, "payment_method")
    check_usable(work, method)
    if method["customer"] not in (None, intent["customer"]):
        raise _not_his(intent, method, details)
    if method["type"] != "card":
        raise not_in_stand_in(f"payment_method of type {method['type']}")
    changes = {"payment_method": method["id"], "status": "requires_confirmation"}
    return work.update(intent, changes)


def _not_his(intent: JsonObject, method: JsonObject, details: JsonObject | None) -> StripeError:
    """Stripe's two refusals; the first names a parameter that is long gone."""
    if intent["customer"] is None:
        message = (
            f"The `payment_method` parameter supplied {method['id']} belongs to the Customer {method['customer']}. "
            "Please include the Customer in the `customer` parameter on the PaymentIntent."
        )
        return StripeError(message, code="parameter_missing", param="source", details=details)
    message = (
        f"The PaymentMethod {method['id']} does not belong to the Customer you supplied {intent['customer']}. "
        "Please use this PaymentMethod with the Customer that it belongs to instead."
    )
    return StripeError(message, param="payment_method", details=details)


@operation("POST", "/v1/payment_intents/<payment_intent_id>/confirm", "PaymentIntentConfirmParams")
def confirm_payment_intent(work: Work, params: Params, payment_intent_id: str) -> JsonObject:
    """Try to charge an intent, perhaps with another payment method. Raises StripeError 402 when it is declined."""
    refuse_others(params, *_CONFIRMING, "payment_method", "setup_future_usage")
    intent = work.get(KIND, payment_intent_id, "intent", status=404)
    _require(intent, _CONFIRMABLE, "confirm")
    intent = work.update(intent, pick(params, "setup_future_usage"))
    if "payment_method" in params:
        intent = _with_method(work, intent, params["payment_method"], {"payment_intent": intent})
    return _confirm(work, intent, params)


def _confirm(work: Work, intent: JsonObject, params: Params) -> JsonObject:
    if not intent["payment_method"]:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken."
        )
        raise StripeError(message, code="payment_intent_unexpected_state", details={"payment_intent": intent})
    is_off_session = params.get("off_session", False) is not False
    _check_return_url(intent, params, is_off_session=is_off_session)
    method = work.get("payment_method", intent["payment_method"], "payment_method")
    tried = charge_card(work, intent, method, is_off_session=is_off_session)
    if tried["status"] == "requires_payment_method":
        raise _declined(tried)
    if tried["status"] == "requires_action" and params.get("error_on_requires_action"):
        raise _declined(charge_card(work, tried, method, is_off_session=True))
    return tried


def _check_return_url(intent: JsonObject, params: Params, *, is_off_session: bool) -> None:
    automatic = intent["automatic_payment_methods"] or {"allow_redirects": "never"}
    if automatic["allow_redirects"] == "always" and "return_url" not in params and not is_off_session:
        message = (
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`. "
            "If you don't want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to "
            "`never` when creating Setup Intents and Payment Intents."
        )
        raise StripeError(message)


def _declined(intent: JsonObject) -> StripeError:
    """The 402 holds the intent, so that the caller learns its id. https://docs.stripe.com/error-handling"""
    last_error = {name: one for name, one in intent["last_payment_error"].items() if name != "payment_method_type"}
    return card_error({**last_error, "payment_intent": intent}, has_effect=True)


@operation("POST", "/v1/payment_intents/<payment_intent_id>/cancel", "PaymentIntentCancelParams")
def cancel_payment_intent(work: Work, params: Params, payment_intent_id: str) -> JsonObject:
    """Give up an intent that has not succeeded. Raises StripeError for one that has, or is canceled."""
    intent = work.get(KIND, payment_intent_id, "intent", status=404)
    _require(intent, _CANCELABLE, "cancel")
    changes = {"canceled_at": work.now, "next_action": None, "status": "canceled"}
    changes |= pick(params, "cancellation_reason")
    canceled = work.update(intent, changes)
    work.emit("payment_intent.canceled", canceled)
    return canceled


def _require(intent: JsonObject, statuses: tuple[str, ...], verb: str) -> None:
    if intent["status"] not in statuses:
        wanted = ", ".join(statuses)
        message = (
            f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. Only a "
            f"PaymentIntent with one of the following statuses may be {verb}ed: {wanted}."
        )
        if (verb, intent["status"]) == ("confirm", "succeeded"):
            message = _ALREADY_SUCCEEDED
        details = {"payment_intent": intent}
        raise StripeError(message, code="payment_intent_unexpected_state", details=details)


_ALREADY_SUCCEEDED = (
    "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
)


@operation("POST", "/v1/payment_intents/<payment_intent_id>", "PaymentIntentUpdateParams")
def update_payment_intent(work: Work, params: Params, payment_intent_id: str) -> JsonObject:
    """Change description, receipt address, payment method, metadata."""
    refuse_others(params, *_CHANGEABLE, "payment_method")
    intent = work.get(KIND, payment_intent_id, "intent", status=404)
    if "payment_method" in params:
        _require(intent, _CONFIRMABLE, "update")
        intent = _with_method(work, intent, params["payment_method"])
    return work.update(intent, pick(params, *_CHANGEABLE) | changed_metadata(intent, params))


@operation("GET", "/v1/payment_intents/<payment_intent_id>", "PaymentIntentRetrieveParams")
def retrieve_payment_intent(work: Work, params: Params, payment_intent_id: str) -> JsonObject:
    """Return a payment intent."""
    refuse_others(params)
    return work.get(KIND, payment_intent_id, "intent", status=404)


@operation("GET", "/v1/payment_intents", "PaymentIntentListParams")
def list_payment_intents(work: Work, params: Params) -> JsonObject:
    """Return a page of payment intents."""
    refuse_others(params, "created", "customer", "ending_before", "limit", "starting_after")
    return list_objects(work, KIND, "/v1/payment_intents", params, equals(params, "customer"))


def authenticate(work: Work, intent: JsonObject, *, is_success: bool) -> JsonObject:
    """Let the customer answer the bank's question. Raises StripeError when nothing was asked."""
    _require(intent, ("requires_action",), "authenticate")
    method = work.get("payment_method", intent["payment_method"], "payment_method")
    if is_success:
        return charge_card(work, intent, method, is_off_session=False, is_authenticated=True)
    error = {
        "code": "payment_intent_authentication_failure",
        "doc_url": "https://stripe.com/docs/error-codes/payment-intent-authentication-failure",
        "message": "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a "
        "new PaymentMethod to attempt to fulfill this PaymentIntent again.",
        "payment_method": method,
        "payment_method_type": method["type"],
        "type": "invalid_request_error",
    }
    changes = {
        "last_payment_error": error,
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    failed = work.update(intent, changes)
    work.emit("payment_intent.payment_failed", failed)
    return failed


expandable(KIND, {"customer": "customer", "latest_charge": "charge", "payment_method": "payment_method"})

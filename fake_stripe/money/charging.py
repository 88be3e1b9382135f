"""One attempt to charge a payment intent with a card: it succeeds, is declined, or the bank asks for its customer.

https://docs.stripe.com/payments/paymentintents/lifecycle and, without the customer present,
https://docs.stripe.com/payments/save-and-reuse#charge-saved-payment-method.
"""

from fake_stripe.errors import JsonObject
from fake_stripe.money.cards import Card
from fake_stripe.money.declines import decline_error, declined_outcome
from fake_stripe.resources.charges import new_charge, take_payment
from fake_stripe.resources.payment_methods import KIND as PAYMENT_METHOD
from fake_stripe.resources.payment_methods import attach_to, card_of
from fake_stripe.work import Work


def charge_card(
    work: Work, intent: JsonObject, method: JsonObject, *, is_off_session: bool, is_authenticated: bool = False
) -> JsonObject:
    """Try it and return the intent: `succeeded`, `requires_action`, or `requires_payment_method` with its error."""
    card = card_of(work, method["id"])
    assert card is not None  # noqa: S101  (callers bring cards; bank accounts settle later)
    if _wants_customer(work, card, method, is_off_session=is_off_session) and not is_authenticated:
        if is_off_session:
            return decline(work, intent, method, "authentication_required")
        return _ask_customer(work, intent, method)
    if card.decline_code:
        return decline(work, intent, method, card.decline_code)
    return _succeed(work, intent, method, card)


def _wants_customer(work: Work, card: Card, method: JsonObject, *, is_off_session: bool) -> bool:
    if card.authentication == "unless_saved":
        return not (is_off_session and work.private_of(method["id"]).get("is_saved"))
    return card.authentication == "always" or (card.authentication == "on_session" and not is_off_session)


def decline(work: Work, intent: JsonObject, method: JsonObject, decline_code: str) -> JsonObject:
    """Leave a failed charge and the reason; the intent waits for another payment method."""
    error = decline_error(decline_code)
    failure = {"failure_code": error["code"], "failure_message": error["message"], "status": "failed"}
    outcome = declined_outcome(decline_code)
    charge = new_charge(work, intent, method, "charge.failed", **failure, outcome=outcome)
    error |= {"charge": charge["id"], "payment_method": method, "payment_method_type": method["type"]}
    changes = {
        "last_payment_error": error,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    declined = work.update(intent, changes)
    work.emit("payment_intent.payment_failed", declined)
    return declined


def _ask_customer(work: Work, intent: JsonObject, method: JsonObject) -> JsonObject:
    action = {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": intent["client_secret"]},
    }
    changes = {"next_action": action, "payment_method": method["id"], "status": "requires_action"}
    asking = work.update(intent, changes)
    work.emit("payment_intent.requires_action", asking)
    return asking


def _succeed(work: Work, intent: JsonObject, method: JsonObject, card: Card) -> JsonObject:
    charge = take_payment(work, new_charge(work, intent, method))
    changes = {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": method["id"],
        "status": "succeeded",
    }
    succeeded = work.update(intent, changes)
    work.emit("payment_intent.succeeded", succeeded)
    _save_or_use_up(work, intent, method)
    if card.dispute:
        work.schedule("disputed", charge["id"], 0)
    return succeeded


def _save_or_use_up(work: Work, intent: JsonObject, method: JsonObject) -> None:
    """A method that isn't saved during its payment can't be saved afterwards, unless it is a customer's already."""
    is_saved = bool(intent["setup_future_usage"]) and bool(intent["customer"])
    if is_saved:
        method = attach_to(work, method, intent["customer"])
    if is_saved or method["customer"] is None:
        stored = work.get(PAYMENT_METHOD, method["id"], "payment_method")
        work.update(stored, {}, is_used_up=method["customer"] is None, is_saved=is_saved)

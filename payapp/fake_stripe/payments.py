"""What happens when somebody pays on the Checkout page: one payment intent, one charge, the session's end.

The order of objects and events follows https://docs.stripe.com/payments/checkout/fulfill-orders and
https://docs.stripe.com/payments/paymentintents/lifecycle.
"""

from dataclasses import dataclass

from payapp.fake_stripe.errors import JsonObject, StripeError
from payapp.fake_stripe.resources.charges import DECLINED, captured_fields, new_charge
from payapp.fake_stripe.resources.checkout_blank import KIND as SESSION
from payapp.fake_stripe.resources.customers import new_customer
from payapp.fake_stripe.resources.payment_intents import new_payment_intent
from payapp.fake_stripe.resources.payment_methods import new_payment_method
from payapp.fake_stripe.work import Work


@dataclass(frozen=True)
class Outcome:
    """One way a payment can go. `last4` is Stripe's test number for it."""

    name: str
    title: str
    last4: str
    method_type: str = "card"


OUTCOMES = {
    outcome.name: outcome
    for outcome in (
        Outcome("paid", "Payment succeeds", "4242"),
        Outcome("late_webhook", "Succeeds, webhook is late", "4242"),
        Outcome("settles", "Bank debit, settles later", "6789", "us_bank_account"),
        Outcome("settle_fails", "Bank debit, fails later", "1116", "us_bank_account"),
        Outcome("declined", "Card is declined", "0002"),
        Outcome("lost_webhook", "Succeeds, webhook never arrives", "4242"),
    )
}


def pay(work: Work, session_id: str, outcome_name: str, email: str | None = None) -> JsonObject:
    """Let a payment on an open session go the chosen way and return the session.

    `email` counts only for a session without customer or e-mail. A declined payment leaves the session open.
    Raises StripeError when the outcome is unknown or the session is not open.
    """
    if outcome_name not in OUTCOMES:
        raise StripeError(f"Invalid outcome: must be one of {', '.join(OUTCOMES)}", param="outcome")
    session = work.get(SESSION, session_id, "session", status=404)
    if session["status"] != "open" or session["expires_at"] <= work.now:
        raise StripeError(f"This Checkout Session is {session['status']}: it can't be paid.")
    outcome = OUTCOMES[outcome_name]
    if outcome_name == "late_webhook":
        work.delivery_delay_seconds = work.settings.late_seconds
    work.are_webhooks_lost = outcome_name == "lost_webhook"
    return _attempt(work, session, outcome, email)


def _attempt(work: Work, session: JsonObject, outcome: Outcome, email: str | None) -> JsonObject:
    session = _with_customer(work, session, outcome, email)
    billing = {"address": _ADDRESS, "email": _email_of(work, session, email), "name": None, "phone": None}
    billing["tax_id"] = None
    method = new_payment_method(work, outcome.method_type, outcome.last4, billing)
    intent = _payment_intent_for(work, session, outcome)
    session = work.update(session, {"payment_intent": intent["id"]})
    if outcome.name == "declined":
        _decline(work, intent, method)
        return session
    if outcome.method_type == "card":
        charge = new_charge(work, intent, method, "charge.succeeded", **captured_fields(work, intent["amount"]))
        _succeed(work, intent, charge, method)
        return _complete(work, session, billing, "paid")
    _begin_settling(work, session, intent, method, outcome)
    return _complete(work, session, billing, "unpaid")


_ADDRESS: JsonObject = {
    "city": None,
    "country": "US",
    "line1": None,
    "line2": None,
    "postal_code": "42424",
    "state": None,
}


def _with_customer(work: Work, session: JsonObject, outcome: Outcome, email: str | None) -> JsonObject:
    """Checkout makes the customer itself when `customer_creation` asks for it."""
    if session["customer_creation"] != "always" or session["customer"] or outcome.name == "declined":
        return session
    customer = new_customer(work, email=_email_of(work, session, email))
    return work.update(session, {"customer": customer["id"]})


def _email_of(work: Work, session: JsonObject, email: str | None) -> str | None:
    stored = work.find("customer", session["customer"]) if session["customer"] else None
    known = stored.body["email"] if stored else session["customer_email"]
    return known or email


def _payment_intent_for(work: Work, session: JsonObject, outcome: Outcome) -> JsonObject:
    """Return the session's payment intent: made at the first attempt, used again after a decline."""
    if session["payment_intent"]:
        return work.get("payment_intent", session["payment_intent"], "payment_intent")
    stored = work.find(SESSION, session["id"])
    data = stored.private["payment_intent_data"] if stored else {}
    return new_payment_intent(
        work,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        payment_method_types=session["payment_method_types"],
        **data,
    )


def _decline(work: Work, intent: JsonObject, method: JsonObject) -> None:
    failure = {"failure_code": "card_declined", "failure_message": _DECLINE["message"], "outcome": DECLINED}
    charge = new_charge(work, intent, method, "charge.failed", status="failed", **failure)
    error = {**_DECLINE, "charge": charge["id"], "payment_method": method}
    failed = work.update(
        intent,
        {"latest_charge": charge["id"], "last_payment_error": error, "status": "requires_payment_method"},
    )
    work.emit("payment_intent.payment_failed", failed)


_DECLINE: JsonObject = {
    "advice_code": "try_again_later",
    "code": "card_declined",
    "decline_code": "generic_decline",
    "doc_url": "https://stripe.com/docs/error-codes/card-declined",
    "message": "Your card was declined.",
    "network_decline_code": "01",
    "type": "card_error",
}


def _succeed(work: Work, intent: JsonObject, charge: JsonObject, method: JsonObject) -> None:
    changes = {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "payment_method": method["id"],
        "status": "succeeded",
    }
    work.emit("payment_intent.succeeded", work.update(intent, changes))


def _begin_settling(work: Work, session: JsonObject, intent: JsonObject, method: JsonObject, outcome: Outcome) -> None:
    charge = new_charge(work, intent, method, "charge.pending")
    changes = {"latest_charge": charge["id"], "payment_method": method["id"], "status": "processing"}
    work.emit("payment_intent.processing", work.update(intent, changes))
    work.store.execute(
        "INSERT INTO appointments (due_at, action, object_id) VALUES (?, ?, ?)",
        (work.clock.now() + work.settings.settle_seconds, outcome.name, session["id"]),
    )


def _complete(work: Work, session: JsonObject, billing: JsonObject, payment_status: str) -> JsonObject:
    details = {
        "address": billing["address"],
        "business_name": None,
        "email": billing["email"],
        "individual_name": None,
        "name": billing["name"],
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    changes = {
        "collected_information": {"business_name": None, "individual_name": None, "shipping_details": None},
        "customer_details": details,
        "payment_status": payment_status,
        "status": "complete",
        "url": None,
    }
    completed = work.update(session, changes)
    work.emit("checkout.session.completed", completed)
    return completed

"""What happens when somebody pays on the Checkout page: one payment intent, one charge, the session's end.

The order of objects and events follows https://docs.stripe.com/payments/checkout/fulfill-orders and
https://docs.stripe.com/payments/paymentintents/lifecycle.
"""

from dataclasses import dataclass

from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.money.cards import CARDS, Card
from fake_stripe.money.charging import charge_card
from fake_stripe.money.discounts import redeem_discounts
from fake_stripe.resources.charges import new_charge
from fake_stripe.resources.checkout_blank import KIND as SESSION
from fake_stripe.resources.customers import new_customer
from fake_stripe.resources.payment_intent_blank import new_payment_intent
from fake_stripe.resources.payment_method_shapes import NO_BILLING_DETAILS
from fake_stripe.resources.payment_methods import new_bank_account, new_card
from fake_stripe.work import Work


@dataclass(frozen=True)
class Outcome:
    """One way a payment can go. `last4` is Stripe's test number for it."""

    name: str
    title: str
    last4: str
    method_type: str = "card"
    card: str = "pm_card_visa"


OUTCOMES = {
    outcome.name: outcome
    for outcome in (
        Outcome("paid", "Payment succeeds", "4242"),
        Outcome("late_webhook", "Succeeds, webhook is late", "4242"),
        Outcome("settles", "Bank debit, settles later", "6789", "us_bank_account"),
        Outcome("settle_fails", "Bank debit, fails later", "1116", "us_bank_account"),
        Outcome("declined", "Card is declined", "0002", card="pm_card_visa_chargeDeclined"),
        Outcome("lost_webhook", "Succeeds, webhook never arrives", "4242"),
    )
}


def pay(
    work: Work, session_id: str, outcome_name: str, email: str | None = None, card: Card | None = None
) -> JsonObject:
    """Let a payment on an open session go the chosen way and return the session.

    `email` counts only for a session without customer or e-mail; `card` says which test card `paid` is paid with.
    A declined payment leaves the session open. Raises StripeError when the outcome is unknown or the session over.
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
    return _attempt(work, session, outcome, email, card or CARDS[outcome.card])


def _attempt(work: Work, session: JsonObject, outcome: Outcome, email: str | None, card: Card) -> JsonObject:
    is_free = session["amount_total"] == 0
    if is_free or not card.decline_code:
        session = _with_customer(work, session, email)
    billing = {**NO_BILLING_DETAILS, "address": _ADDRESS, "email": _email_of(work, session, email)}
    if is_free:
        return complete_session(work, session, billing, "no_payment_required")
    intent = _payment_intent_for(work, session)
    session = work.update(session, {"payment_intent": intent["id"]})
    fields: JsonObject = {"allow_redisplay": "limited", "billing_details": billing}
    if outcome.method_type != "card":
        _begin_settling(work, session, intent, new_bank_account(work, outcome.last4, **fields), outcome)
        return complete_session(work, session, billing, "unpaid")
    # On the page the customer is there: whoever must authenticate does so without a word.
    method = new_card(work, card, **fields)
    intent = charge_card(work, intent, method, is_off_session=False, is_authenticated=True)
    if intent["status"] != "succeeded":
        return session
    return complete_session(work, session, billing, "paid")


_ADDRESS: JsonObject = {
    "city": None,
    "country": "US",
    "line1": None,
    "line2": None,
    "postal_code": "42424",
    "state": None,
}


def _with_customer(work: Work, session: JsonObject, email: str | None) -> JsonObject:
    """Checkout makes the customer itself when `customer_creation` asks for it, and for an order without cost.

    https://docs.stripe.com/payments/checkout/no-cost-orders
    """
    is_wanted = session["customer_creation"] == "always" or session["amount_total"] == 0
    if session["customer"] or not is_wanted:
        return session
    customer = new_customer(work, email=_email_of(work, session, email))
    return work.update(session, {"customer": customer["id"]})


def _email_of(work: Work, session: JsonObject, email: str | None) -> str | None:
    stored = work.find("customer", session["customer"]) if session["customer"] else None
    known = stored.body["email"] if stored else session["customer_email"]
    return known or email


def _payment_intent_for(work: Work, session: JsonObject) -> JsonObject:
    """Return the session's payment intent: made at the first attempt, used again after a decline."""
    if session["payment_intent"]:
        intent = work.get("payment_intent", session["payment_intent"], "payment_intent")
        return work.update(intent, {"amount": session["amount_total"]})  # a code may have been typed meanwhile
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


def _begin_settling(work: Work, session: JsonObject, intent: JsonObject, method: JsonObject, outcome: Outcome) -> None:
    charge = new_charge(work, intent, method, "charge.pending")
    changes = {"latest_charge": charge["id"], "payment_method": method["id"], "status": "processing"}
    work.emit("payment_intent.processing", work.update(intent, changes))
    work.schedule(outcome.name, session["id"], work.settings.settle_seconds)


def complete_session(work: Work, session: JsonObject, billing: JsonObject, payment_status: str) -> JsonObject:
    """End a session well: its page takes no further payment, and its discounts count as redeemed."""
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
    redeem_discounts(work, session)
    completed = work.update(session, changes)
    work.emit("checkout.session.completed", completed)
    return completed

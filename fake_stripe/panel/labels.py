"""The state of an object in a word and a tone: ok, wait, bad, or plain for what asks for no attention."""

from collections.abc import Sequence
from sqlite3 import Row
from typing import NamedTuple

from fake_stripe.errors import JsonObject


class Label(NamedTuple):
    """What a colored label says; the color never says it alone."""

    word: str
    tone: str


_SESSIONS = {
    "paid": Label("Paid", "ok"),
    "no_payment_required": Label("Free", "ok"),
    "unpaid": Label("Unpaid", "wait"),
    "open": Label("Open", "wait"),
    "expired": Label("Expired", "plain"),
}
_INTENTS = {
    "succeeded": Label("Paid", "ok"),
    "processing": Label("Settling", "wait"),
    "requires_action": Label("Asks the customer", "wait"),
    "requires_confirmation": Label("Unconfirmed", "wait"),
    "requires_payment_method": Label("Waits for a card", "wait"),
    "canceled": Label("Canceled", "plain"),
}
_REFUNDS = {
    "succeeded": Label("Succeeded", "ok"),
    "pending": Label("Pending", "wait"),
    "requires_action": Label("Asks the customer", "wait"),
    "failed": Label("Failed", "bad"),
    "canceled": Label("Canceled", "plain"),
}
_DISPUTES = {
    "needs_response": Label("Needs response", "bad"),
    "under_review": Label("Under review", "wait"),
    "won": Label("Won", "ok"),
    "lost": Label("Lost", "bad"),
    "warning_needs_response": Label("Inquiry", "wait"),
    "warning_under_review": Label("Inquiry under review", "wait"),
    "warning_closed": Label("Inquiry closed", "plain"),
    "prevented": Label("Prevented", "plain"),
}
# Of a payment, its dispute says more than that it was paid.
_DISPUTED = {
    "needs_response": Label("Disputed", "bad"),
    "under_review": Label("Dispute under review", "wait"),
    "won": Label("Dispute won", "ok"),
    "lost": Label("Dispute lost", "bad"),
}
_DELIVERIES = {
    "delivered": Label("Delivered", "ok"),
    "lost": Label("Lost", "bad"),
    "given_up": Label("Given up", "bad"),
    "canceled": Label("Sent anew", "plain"),  # a resend stands in for it
}


def session_label(session: JsonObject) -> Label:
    """Return what has become of a Checkout session."""
    return _SESSIONS[session["payment_status"] if session["status"] == "complete" else session["status"]]


def payment_label(intent: JsonObject, charge: JsonObject | None, disputes: Sequence[JsonObject]) -> Label:
    """Return what matters most of a payment: its dispute, its refund, or how the payment itself stands."""
    shown = [label for dispute in disputes if (label := _DISPUTED.get(dispute["status"]))]
    if shown:
        return shown[-1]
    if any(dispute["status"].startswith("warning_") for dispute in disputes[-1:]):
        return dispute_label(disputes[-1])
    if charge and charge["amount_refunded"]:
        return Label("Refunded" if charge["refunded"] else "Partly refunded", "plain")
    if intent["status"] == "requires_payment_method" and intent["last_payment_error"]:
        return Label("Declined", "bad")
    return _INTENTS[intent["status"]]


def refund_label(refund: JsonObject) -> Label:
    """Return how a refund stands."""
    return _REFUNDS[refund["status"]]


def dispute_label(dispute: JsonObject) -> Label:
    """Return how a dispute stands."""
    return _DISPUTES[dispute["status"]]


def delivery_label(delivery: Row) -> Label:
    """Return what became of a webhook."""
    if delivery["status"] == "pending":
        return Label("Tries again" if delivery["attempts"] else "Waits", "wait")
    return _DELIVERIES[delivery["status"]]


def event_label(deliveries: Sequence[Row]) -> Label:
    """Return what became of an event's webhooks in one word: of several, the one that still needs attention."""
    if not deliveries:
        return Label("Not sent", "plain")
    labels = [delivery_label(delivery) for delivery in deliveries if delivery["status"] != "canceled"]
    ranks = ("bad", "wait", "ok")
    return min(labels, key=lambda label: ranks.index(label.tone), default=_DELIVERIES["canceled"])

"""The page of one payment: its story, where its money is, what can be done, its events and objects."""

from dataclasses import dataclass

from flask import Response

from fake_stripe.errors import JsonObject
from fake_stripe.money.disputing import REASONS, STATUSES_AT_FIRST, withdrawn
from fake_stripe.money.refunding import COURSES, FAILURE_REASONS
from fake_stripe.panel.events import EventLine, event_lines
from fake_stripe.panel.labels import Label, dispute_label, payment_label, refund_label
from fake_stripe.panel.pages import page, shown_at
from fake_stripe.panel.related import read_bodies, read_events, read_family
from fake_stripe.panel.rows import email_of
from fake_stripe.panel.shares import Share, shares_of
from fake_stripe.panel.timeline import Step, steps_of
from fake_stripe.stand_in import StandIn, current_stand_in

_REFUND_ENDS = {"pending": ("succeed", "fail"), "requires_action": ("succeed", "fail"), "succeeded": ("fail",)}
_DISPUTE_MOVES = {
    "needs_response": ("submit", "win", "lose"),
    "under_review": ("win", "lose"),
    "warning_needs_response": ("submit", "escalate", "win"),
    "warning_under_review": ("escalate", "win"),
}


@dataclass(frozen=True)
class Part:
    """A refund or a dispute of the payment, and which orders make sense for it."""

    body: JsonObject
    label: Label
    orders: tuple[str, ...]


@dataclass(frozen=True)
class Payment:
    """All that the page shows. `refundable` and `disputable` are amounts in minor units, 0 when neither makes sense."""

    intent: JsonObject
    label: Label
    email: str | None
    sessions: list[JsonObject]
    steps: list[Step]
    shares: list[Share]
    refunds: list[Part]
    disputes: list[Part]
    refundable: int
    disputable: int
    events: list[EventLine]
    objects: list[JsonObject]


@shown_at("/payments/<payment_intent_id>")
def show_payment(payment_intent_id: str) -> Response:
    """Show a payment intent with everything that followed from it."""
    return page(
        "payment.html",
        payment=read_payment(current_stand_in(), payment_intent_id),
        courses=list(COURSES),
        failure_reasons=FAILURE_REASONS,
        withdrawn=withdrawn,
        dispute_statuses=STATUSES_AT_FIRST,
        dispute_reasons=sorted(REASONS, key=lambda reason: reason != "fraudulent"),
    )


def read_payment(stand_in: StandIn, payment_intent_id: str) -> Payment:
    """Read a payment. Raises StripeError 404 for an id that no payment intent has."""
    store = stand_in.store
    intent = stand_in.work().get("payment_intent", payment_intent_id, "intent", status=404)
    family = read_family(store, payment_intent_id)
    charges, refunds, disputes = family["charge"], family["refund"], family["dispute"]
    known = read_bodies(store, (intent["customer"], *(charge["balance_transaction"] for charge in charges)))
    customers = {one: body for one, body in known.items() if body["object"] == "customer"}
    charge = next((one for one in charges if one["id"] == intent["latest_charge"]), None)
    events = read_events(store, payment_intent_id, *(session["id"] for session in family["checkout.session"]))
    return Payment(
        intent=intent,
        label=payment_label(intent, charge, disputes),
        email=email_of(charge or {}, customers) or email_of(intent, customers),
        sessions=family["checkout.session"],
        steps=steps_of(events),
        shares=shares_of(charges, disputes, {one: body for one, body in known.items() if one not in customers}),
        refunds=[Part(one, refund_label(one), _REFUND_ENDS.get(one["status"], ())) for one in refunds],
        disputes=[Part(one, dispute_label(one), _moves(one)) for one in disputes],
        refundable=_refundable(charge, disputes),
        disputable=_disputable(charge, disputes),
        events=event_lines(store, events),
        objects=[intent, *family["checkout.session"], *charges, *refunds, *disputes],
    )


def _moves(dispute: JsonObject) -> tuple[str, ...]:
    if dispute["status"] in ("won", "lost"):
        return ("turn", "reinstate") if withdrawn(dispute) > 0 else ("turn",)
    return _DISPUTE_MOVES.get(dispute["status"], ())


def _refundable(charge: JsonObject | None, disputes: list[JsonObject]) -> int:
    is_possible = charge and charge["status"] == "succeeded" and all(one["is_charge_refundable"] for one in disputes)
    return charge["amount"] - charge["amount_refunded"] if charge and is_possible else 0


def _disputable(charge: JsonObject | None, disputes: list[JsonObject]) -> int:
    is_contested = any(dispute["status"] in _DISPUTE_MOVES for dispute in disputes)
    return charge["amount"] if charge and charge["status"] == "succeeded" and not is_contested else 0

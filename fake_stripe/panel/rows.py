"""Objects as lines of a list: what it is, its state, whose it is, when it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fake_stripe.errors import JsonObject
from fake_stripe.money.currencies import format_money
from fake_stripe.panel.labels import (
    Label,
    dispute_label,
    event_label,
    payment_label,
    refund_label,
    session_label,
)
from fake_stripe.panel.related import read_bodies, read_deliveries, read_disputes
from fake_stripe.state.store import Store


@dataclass(frozen=True)
class Row:
    """One line. `href` is below the panel; `email` is the customer's, None when nobody knows it."""

    title: str
    detail: str
    href: str
    label: Label
    email: str | None
    created: int


def session_rows(store: Store, sessions: Sequence[JsonObject]) -> list[Row]:
    """Return a line for each Checkout session."""
    customers = read_bodies(store, (one["customer"] for one in sessions))
    return [
        Row(
            format_money(one["amount_total"], one["currency"]),
            one["id"],
            f"sessions/{one['id']}",
            session_label(one),
            email_of(one, customers),
            one["created"],
        )
        for one in sessions
    ]


def payment_rows(store: Store, intents: Sequence[JsonObject]) -> list[Row]:
    """Return a line for each payment intent, with what its latest charge tells."""
    known = read_bodies(store, (one[field] for one in intents for field in ("latest_charge", "customer")))
    disputes = read_disputes(store, (one["latest_charge"] for one in intents if one["latest_charge"]))
    rows = []
    for one in intents:
        charge = known.get(one["latest_charge"])
        label = payment_label(one, charge, disputes.get(one["latest_charge"], []))
        email = email_of(charge or {}, known) or email_of(one, known)
        rows.append(Row(_amount(one), one["id"], f"payments/{one['id']}", label, email, one["created"]))
    return rows


def refund_rows(store: Store, refunds: Sequence[JsonObject]) -> list[Row]:
    """Return a line for each refund; it leads to its place on the payment's page."""
    return _rows_on_payments(store, [(one, refund_label(one)) for one in refunds])


def dispute_rows(store: Store, disputes: Sequence[JsonObject]) -> list[Row]:
    """Return a line for each dispute; it leads to its place on the payment's page."""
    return _rows_on_payments(store, [(one, dispute_label(one)) for one in disputes])


def _rows_on_payments(store: Store, labeled: Sequence[tuple[JsonObject, Label]]) -> list[Row]:
    charges = read_bodies(store, (one["charge"] for one, _ in labeled))
    customers = read_bodies(store, (charge["customer"] for charge in charges.values()))
    return [
        Row(
            _amount(one),
            one["id"],
            f"payments/{one['payment_intent']}#{one['id']}",
            label,
            email_of(charges.get(one["charge"], {}), customers),
            one["created"],
        )
        for one, label in labeled
    ]


def event_rows(store: Store, events: Sequence[JsonObject]) -> list[Row]:
    """Return a line for each event, with what became of its webhooks."""
    deliveries = read_deliveries(store, (one["id"] for one in events))
    customers = read_bodies(store, (_customer_in(one["data"]["object"]) for one in events))
    return [
        Row(
            one["type"],
            one["id"],
            f"events/{one['id']}",
            event_label(deliveries.get(one["id"], [])),
            email_of(one["data"]["object"], customers),
            one["created"],
        )
        for one in events
    ]


def email_of(body: JsonObject, customers: Mapping[str, JsonObject]) -> str | None:
    """Return the e-mail an object tells, else its customer's, else None."""
    for field in ("customer_details", "billing_details"):
        told = (body.get(field) or {}).get("email")
        if told:
            return str(told)
    told = body.get("email") or body.get("customer_email") or body.get("receipt_email")
    return told or customers.get(_customer_in(body) or "", {}).get("email")


def _customer_in(body: JsonObject) -> str | None:
    customer = body.get("customer")
    return customer if isinstance(customer, str) else None


def _amount(body: JsonObject) -> str:
    return format_money(body["amount"], body["currency"])

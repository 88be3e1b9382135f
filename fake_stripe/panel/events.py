"""Events with what became of their webhooks: the page of one, and the lines on other objects' pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Row

from flask import Response

from fake_stripe.errors import JsonObject
from fake_stripe.panel.labels import Label, delivery_label, event_label
from fake_stripe.panel.pages import page, shown_at
from fake_stripe.panel.related import read_deliveries
from fake_stripe.resources.event_log import KEPT_SECONDS
from fake_stripe.stand_in import current_stand_in
from fake_stripe.state.store import Store


@dataclass(frozen=True)
class DeliveryLine:
    """What became of one webhook. `status` is the last answer's, None without an answer; then `answer` says why.

    `next_attempt_at` is None when there will be none.
    """

    label: Label
    url: str | None
    attempts: int
    status: int | None
    answer: str
    next_attempt_at: float | None


@dataclass(frozen=True)
class EventLine:
    """An event and its webhooks; `is_losable` when one of them has not arrived yet."""

    body: JsonObject
    label: Label
    deliveries: list[DeliveryLine]
    is_losable: bool


@shown_at("/events/<event_id>")
def show_event(event_id: str) -> Response:
    """Show an event, also one that is too old for the API."""
    stand_in = current_stand_in()
    event = stand_in.work().get("event", event_id, "id", status=404)
    about = event["data"]["object"]
    return page(
        "event.html",
        event=event_lines(stand_in.store, [event])[0],
        payment_intent=about["id"] if about["object"] == "payment_intent" else about.get("payment_intent"),
        session=about["id"] if about["object"] == "checkout.session" else None,
        is_sendable=event["created"] > stand_in.clock.timestamp() - KEPT_SECONDS,
    )


def event_lines(store: Store, events: Sequence[JsonObject]) -> list[EventLine]:
    """Return a line for each event, in the same order."""
    deliveries = read_deliveries(store, (event["id"] for event in events))
    return [_event_line(event, deliveries.get(event["id"], [])) for event in events]


def _event_line(event: JsonObject, deliveries: Sequence[Row]) -> EventLine:
    is_losable = any(delivery["status"] == "pending" for delivery in deliveries)
    return EventLine(event, event_label(deliveries), [_delivery_line(one) for one in deliveries], is_losable)


def _delivery_line(delivery: Row) -> DeliveryLine:
    next_attempt_at = delivery["next_attempt_at"] if delivery["status"] == "pending" else None
    status = delivery["response_status"]
    answer = str(status or delivery["error"] or "none yet")
    return DeliveryLine(
        delivery_label(delivery), delivery["url"], delivery["attempts"], status, answer, next_attempt_at
    )

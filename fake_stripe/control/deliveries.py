"""Webhooks held back, sent again, twice, late, shuffled or never."""

import random
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, request

from fake_stripe.control.body import read_choice, read_number
from fake_stripe.control.orders import order
from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.resources.event_log import get_event, with_pending_webhooks
from fake_stripe.stand_in import StandIn, current_stand_in
from fake_stripe.webhooks.delivery_plan import MODES, DeliveryPlan, read_plan, write_plan
from fake_stripe.webhooks.events import endpoints_for, queue_delivery

blueprint = Blueprint("deliveries", __name__)

ORDERS_OF_RELEASE = ("created", "reversed", "shuffled")
SPACING_SECONDS = 0.1  # far enough apart that attempts made at the same time don't overtake one another
TIMES_MAX = 1000


@order("POST", "/deliveries/hold")
def hold_deliveries(stand_in: StandIn, body: JsonObject) -> JsonObject:
    """Send no webhook until released."""
    stand_in.deliverer.hold()
    return {"held": True}


@order("POST", "/deliveries/release", order="text")
def release_deliveries(stand_in: StandIn, body: JsonObject) -> JsonObject:
    """Send what has gathered, and go on. `{"order": "shuffled"}` or `reversed` sends it one by one in that order."""
    arrangement = read_choice(body, "order", "created", ORDERS_OF_RELEASE)
    if arrangement != "created":
        _put_in_order(stand_in, arrangement)
    stand_in.deliverer.release()
    return {"held": False}


def _put_in_order(stand_in: StandIn, arrangement: str) -> None:
    with stand_in.store.transaction():
        ids = [
            row["id"] for row in stand_in.store.rows("SELECT id FROM deliveries WHERE status = 'pending' ORDER BY id")
        ]
        arranged = ids[::-1] if arrangement == "reversed" else _shuffled(ids)
        for place, delivery_id in enumerate(arranged):
            moment = stand_in.clock.now() + place * SPACING_SECONDS
            stand_in.store.execute("UPDATE deliveries SET next_attempt_at = ? WHERE id = ?", (moment, delivery_id))


def _shuffled(ids: Sequence[int]) -> list[int]:
    """Return them in another order than before, if there is one."""
    arranged = random.sample(ids, len(ids))
    return [*arranged[1:], arranged[0]] if arranged == list(ids) and len(ids) > 1 else arranged


@blueprint.get("/deliveries/plan")
def show_plan() -> Response:
    """Say how events to come are sent."""
    return jsonify(_plan(current_stand_in()))


@order("POST", "/deliveries/plan", mode="text", seconds="number", types="words")
def plan_deliveries(stand_in: StandIn, body: JsonObject) -> JsonObject:
    """Say how events to come shall be sent: `{"mode": "twice", "seconds": 1, "types": ["refund.created"]}`.

    Modes: normal, late, twice, never, shuffled. It stays in force until another plan, also over a restart.
    """
    mode, seconds = read_choice(body, "mode", "normal", MODES), read_number(body, "seconds", 0)
    write_plan(stand_in.store, DeliveryPlan(mode, seconds, _read_types(body.get("types", []))))
    return _plan(stand_in)


def _read_types(types: Any) -> list[str]:
    if not isinstance(types, list) or not all(isinstance(one, str) for one in types):
        raise StripeError("types must be a list of event types", param="types")
    return types


def _plan(stand_in: StandIn) -> JsonObject:
    return dict(vars(read_plan(stand_in.store)))


@blueprint.get("/deliveries")
def list_deliveries() -> Response:
    """Return every delivery, oldest first; `?event=evt_…` only that event's."""
    rows = current_stand_in().store.rows(
        "SELECT * FROM deliveries WHERE ?1 IS NULL OR event_id = ?1 ORDER BY id", (request.args.get("event"),)
    )
    return jsonify(deliveries=[dict(row) for row in rows])


@order("POST", "/events/<event_id>/resend", times="number", after_seconds="number")
def resend_event(stand_in: StandIn, body: JsonObject, event_id: str) -> JsonObject:
    """Deliver an event again, also one that was lost: `{"times": 2, "after_seconds": 5}`, else once and now."""
    times, after_seconds = int(read_number(body, "times", 1, TIMES_MAX)), read_number(body, "after_seconds", 0)
    work = stand_in.work()
    with stand_in.store.transaction():
        event = get_event(work, event_id)
        _stop(stand_in, event_id, "canceled")
        for endpoint_id in endpoints_for(work, event["type"]) * times:
            queue_delivery(work, event_id, endpoint_id, after_seconds)
        return with_pending_webhooks(work, event)


@order("POST", "/events/<event_id>/lose")
def lose_event(stand_in: StandIn, body: JsonObject, event_id: str) -> JsonObject:
    """Stop delivering an event: what has not arrived yet never does, until it is resent."""
    work = stand_in.work()
    with stand_in.store.transaction():
        event = get_event(work, event_id)
        _stop(stand_in, event_id, "lost")
        return with_pending_webhooks(work, event)


def _stop(stand_in: StandIn, event_id: str, status: str) -> None:
    sql = "UPDATE deliveries SET status = ? WHERE event_id = ? AND status <> 'delivered'"
    stand_in.store.execute(sql, (status, event_id))

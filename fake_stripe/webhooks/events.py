"""Events: rendered once, never changed, delivered to every endpoint that asked for their type."""

import json
from typing import Any, Protocol

from fake_stripe.errors import JsonObject
from fake_stripe.state.clock import Clock
from fake_stripe.state.ids import new_id
from fake_stripe.state.store import Store
from fake_stripe.webhooks.delivery_plan import read_plan
from fake_stripe.webhooks.signing import api_version


class Occasion(Protocol):
    """What an event is made on: what events need of the piece of work (work.py) that makes them."""

    store: Store
    clock: Clock
    request_id: str | None
    idempotency_key: str | None
    delivery_delay_seconds: float
    are_webhooks_lost: bool

    @property
    def now(self) -> int:
        """The present moment in whole seconds."""


def record_event(occasion: Occasion, event_type: str, body: JsonObject, previous: JsonObject | None) -> None:
    """Keep the event and one delivery for each endpoint that wants it. https://docs.stripe.com/api/events"""
    endpoints = endpoints_for(occasion, event_type)
    data: JsonObject = {"object": body}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {
        "id": new_id("event"),
        "object": "event",
        "api_version": api_version(),
        "created": occasion.now,
        "data": data,
        "livemode": False,
        "pending_webhooks": len(endpoints),
        "request": {"id": occasion.request_id, "idempotency_key": occasion.idempotency_key},
        "type": event_type,
    }
    occasion.store.insert(event, {})
    moments = read_plan(occasion.store).moments(event_type)
    for endpoint_id in endpoints:
        for seconds in moments:
            queue_delivery(occasion, str(event["id"]), endpoint_id, seconds)
        if not moments:
            queue_delivery(occasion, str(event["id"]), endpoint_id, is_lost=True)


def queue_delivery(
    occasion: Occasion, event_id: str, endpoint_id: str, after_seconds: float = 0, *, is_lost: bool = False
) -> None:
    """Add one delivery: due now, late, or (for a webhook that gets lost) never."""
    occasion.store.execute(
        "INSERT INTO deliveries (event_id, endpoint_id, status, next_attempt_at) VALUES (?, ?, ?, ?)",
        (
            event_id,
            endpoint_id,
            "lost" if is_lost or occasion.are_webhooks_lost else "pending",
            occasion.clock.now() + occasion.delivery_delay_seconds + after_seconds,
        ),
    )


def endpoints_for(occasion: Occasion, event_type: str) -> list[str]:
    """Return the ids of the endpoints that want events of this type now."""
    rows = occasion.store.rows("SELECT body FROM objects WHERE kind = 'webhook_endpoint' AND is_deleted = 0")
    endpoints = [json.loads(row["body"]) for row in rows]
    return [one["id"] for one in endpoints if _wants(one, event_type)]


def _wants(endpoint: JsonObject, event_type: str) -> bool:
    enabled = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in enabled or event_type in enabled)


def previous_attributes(before: JsonObject, after: JsonObject) -> JsonObject:
    """Return what an update replaced: old values of changed keys only, also inside objects such as metadata."""
    previous: JsonObject = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if old != new:
            previous[key] = _previous_value(old, new)
    return previous


def _previous_value(old: Any, new: Any) -> Any:
    return previous_attributes(old, new) if isinstance(old, dict) and isinstance(new, dict) else old

"""One piece of work on the state: an API request, a payment on the page, or something the clock does."""

from dataclasses import dataclass
from typing import Any

from fake_stripe.errors import JsonObject, no_such
from fake_stripe.settings import StandInSettings
from fake_stripe.state.clock import Clock
from fake_stripe.state.store import Store, StoredObject
from fake_stripe.webhooks import events


@dataclass
class Work:
    """What every operation gets first: the state, the time, and on whose behalf it happens.

    `delivery_delay_seconds` postpones the webhooks of the events this work makes; `are_webhooks_lost` keeps
    them from ever being sent.
    """

    store: Store
    settings: StandInSettings
    clock: Clock
    request_id: str | None = None
    idempotency_key: str | None = None
    delivery_delay_seconds: float = 0
    are_webhooks_lost: bool = False

    @property
    def now(self) -> int:
        """The present moment in whole seconds."""
        return self.clock.timestamp()

    def create(self, body: JsonObject, event_type: str | None = None, **private: Any) -> JsonObject:
        """Keep a new object and tell the world, when `event_type` says so."""
        body = _without_empty(body)
        self.store.insert(body, private)
        if event_type:
            self.emit(event_type, body)
        return body

    def update(self, body: JsonObject, changes: JsonObject, *event_types: str, **private: Any) -> JsonObject:
        """Keep an object's changes and tell the world. What changes nothing makes no event, as with Stripe."""
        before = {key: body.get(key) for key in changes}
        if before == changes and not private:
            return body
        changed = _without_empty({**body, **changes})
        stored = self.store.find(body["id"])
        assert stored is not None  # noqa: S101  (the caller has just read it in this transaction)
        self.store.replace(changed, {**stored.private, **private})
        for event_type in event_types:
            self.emit(event_type, changed, events.previous_attributes(before, changes))
        return changed

    def emit(self, event_type: str, body: JsonObject, previous: JsonObject | None = None) -> None:
        """Make an event of this type and queue its webhooks."""
        events.record_event(self, event_type, body, previous)

    def schedule(self, action: str, object_id: str, after_seconds: float) -> None:
        """Make an appointment: the function declared for `action` gets this object when the time has come."""
        self.store.execute(
            "INSERT INTO appointments (due_at, action, object_id) VALUES (?, ?, ?)",
            (self.clock.now() + after_seconds, action, object_id),
        )

    def private_of(self, object_id: str | None) -> JsonObject:
        """Return what is kept about an object without being shown, nothing when there is no such object."""
        stored = self.store.find(object_id) if object_id else None
        return stored.private if stored else {}

    def find(self, kind: str, object_id: str) -> StoredObject | None:
        """Return what is kept under this id, None if nothing of this kind."""
        return self.store.find(object_id, kind)

    def get(self, kind: str, object_id: str, param: str, *, status: int = 400) -> JsonObject:
        """Return a live object. Raises StripeError `resource_missing` when it is unknown or deleted."""
        stored = self.find(kind, object_id)
        if stored is None or stored.is_deleted:
            raise no_such(kind, object_id, param, status=status)
        return stored.body


# Keys that Stripe shows only while they have a value; most others are null instead.
_RARE = {"refund": ("failure_balance_transaction", "failure_reason", "next_action", "pending_reason")}


def _without_empty(body: JsonObject) -> JsonObject:
    rare = _RARE.get(body["object"], ())
    return {key: value for key, value in body.items() if value is not None or key not in rare}

"""What belongs to the objects of a page, read for all of them at once: no query in a loop."""

import json
from collections import defaultdict
from collections.abc import Iterable
from sqlite3 import Row

from fake_stripe.errors import JsonObject
from fake_stripe.state.store import Store

EVENTS_MAX = 100  # on a page about one object


def read_bodies(store: Store, ids: Iterable[str | None]) -> dict[str, JsonObject]:
    """Return the objects with these ids, deleted ones too, by id; None is no id."""
    wanted = sorted({one for one in ids if one})
    rows = store.rows(f"SELECT id, body FROM objects WHERE id IN ({_marks(wanted)})", wanted)  # noqa: S608
    return {row["id"]: json.loads(row["body"]) for row in rows}


def read_disputes(store: Store, charge_ids: Iterable[str]) -> dict[str, list[JsonObject]]:
    """Return the disputes of these charges, by charge, oldest first."""
    wanted = sorted(charge_ids)
    found: dict[str, list[JsonObject]] = defaultdict(list)
    for row in store.rows(_DISPUTES.format(marks=_marks(wanted)), wanted):
        dispute = json.loads(row["body"])
        found[dispute["charge"]].append(dispute)
    return found


def read_deliveries(store: Store, event_ids: Iterable[str]) -> dict[str, list[Row]]:
    """Return the deliveries of these events, by event, oldest first, each with its endpoint's `url`."""
    wanted = sorted(event_ids)
    found: dict[str, list[Row]] = defaultdict(list)
    for row in store.rows(_DELIVERIES.format(marks=_marks(wanted)), wanted):
        found[row["event_id"]].append(row)
    return found


def read_family(store: Store, payment_intent_id: str) -> dict[str, list[JsonObject]]:
    """Return what names a payment intent, by kind, oldest first: sessions, charges, refunds, disputes."""
    found: dict[str, list[JsonObject]] = defaultdict(list)
    for row in store.rows(_FAMILY, (payment_intent_id,)):
        found[row["kind"]].append(json.loads(row["body"]))
    return found


def read_events(store: Store, *object_ids: str) -> list[JsonObject]:
    """Return the newest events about these objects, and about what names them as its payment intent; oldest first."""
    # Indexes for the panel alone: whoever never opens it does not pay for them with every event.
    for statement in _INDEXES:
        store.execute(statement)
    sql = _EVENTS.format(marks=_marks(object_ids))
    return [json.loads(row["body"]) for row in reversed(store.rows(sql, (*object_ids, *object_ids, EVENTS_MAX)))]


def _marks(values: Iterable[str]) -> str:
    return ", ".join("?" for _ in values)


# Indexes are named, because without statistics SQLite takes the one that knows the kind alone, and reads all of it.
_DISPUTES = """
    SELECT body FROM objects INDEXED BY objects_by_charge
    WHERE kind = 'dispute' AND json_extract(body, '$.charge') IN ({marks}) ORDER BY seq
"""
_DELIVERIES = """
    SELECT d.*, json_extract(e.body, '$.url') AS url FROM deliveries d LEFT JOIN objects e ON e.id = d.endpoint_id
    WHERE d.event_id IN ({marks}) ORDER BY d.id
"""
_FAMILY = """
    SELECT kind, body FROM objects WHERE kind IN ('charge', 'checkout.session', 'dispute', 'refund')
    AND json_extract(body, '$.payment_intent') = ? ORDER BY seq
"""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS events_by_object ON objects (json_extract(body, '$.data.object.id')) "
    "WHERE kind = 'event'",
    "CREATE INDEX IF NOT EXISTS events_by_payment ON objects (json_extract(body, '$.data.object.payment_intent')) "
    "WHERE kind = 'event'",
)
_EVENTS = """
    SELECT body FROM (
        SELECT seq, body FROM objects INDEXED BY events_by_object
        WHERE kind = 'event' AND json_extract(body, '$.data.object.id') IN ({marks})
        UNION
        SELECT seq, body FROM objects INDEXED BY events_by_payment
        WHERE kind = 'event' AND json_extract(body, '$.data.object.payment_intent') IN ({marks})
    ) ORDER BY seq DESC LIMIT ?
"""

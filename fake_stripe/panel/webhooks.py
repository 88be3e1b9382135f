"""Webhooks: held or sent, the plan for events to come, and who gets them."""

import json
from dataclasses import dataclass

from flask import Response

from fake_stripe.control.deliveries import ORDERS_OF_RELEASE
from fake_stripe.errors import JsonObject
from fake_stripe.panel.pages import page, shown_at
from fake_stripe.stand_in import StandIn, current_stand_in
from fake_stripe.webhooks.delivery_plan import MODES, DeliveryPlan, read_plan


@dataclass(frozen=True)
class Webhooks:
    """How webhooks stand; `counts` has the number of deliveries of each status that occurs."""

    is_held: bool
    counts: dict[str, int]
    plan: DeliveryPlan
    endpoints: list[JsonObject]


@shown_at("/webhooks")
def show_webhooks() -> Response:
    """Show how webhooks are sent."""
    return page(
        "webhooks.html", webhooks=read_webhooks(current_stand_in()), modes=MODES, arrangements=ORDERS_OF_RELEASE
    )


def read_webhooks(stand_in: StandIn) -> Webhooks:
    """Read how webhooks stand now."""
    counted = stand_in.store.rows("SELECT status, count(*) AS count FROM deliveries GROUP BY status")
    rows = stand_in.store.rows(
        "SELECT body FROM objects WHERE kind = 'webhook_endpoint' AND is_deleted = 0 ORDER BY seq"
    )
    return Webhooks(
        stand_in.deliverer.is_held,
        {row["status"]: row["count"] for row in counted},
        read_plan(stand_in.store),
        [json.loads(row["body"]) for row in rows],
    )

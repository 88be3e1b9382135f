"""The clock, and whether all is well."""

from flask import Blueprint, Response, jsonify

from fake_stripe.clock.appointments import move_clock
from fake_stripe.control.body import read_number
from fake_stripe.control.orders import order
from fake_stripe.errors import JsonObject
from fake_stripe.stand_in import StandIn, current_stand_in

blueprint = Blueprint("clock", __name__)

FORWARD_SECONDS_MAX = 10 * 365 * 24 * 3600  # at a time: dates must stay dates that programs can read


@blueprint.get("/health")
def health() -> Response:
    """Say that it runs, and how much is under way."""
    stand_in = current_stand_in()
    pending = stand_in.store.rows("SELECT count(*) FROM deliveries WHERE status = 'pending'")[0][0]
    return jsonify(status="ok", pending_deliveries=pending, deliveries_held=stand_in.deliverer.is_held)


@blueprint.get("/clock")
def read_clock() -> Response:
    """Tell the time."""
    return jsonify(_time(current_stand_in()))


@order("POST", "/clock", forward_seconds="number")
def forward_clock(stand_in: StandIn, body: JsonObject) -> JsonObject:
    """Go forward: `{"forward_seconds": 86400}`.

    When this has been answered, everything that was due on the way has happened; its webhooks are on their way.
    """
    move_clock(stand_in, read_number(body, "forward_seconds", 0, FORWARD_SECONDS_MAX))
    stand_in.deliverer.wake_up()
    return _time(stand_in)


def _time(stand_in: StandIn) -> JsonObject:
    return {"now": stand_in.clock.timestamp(), "offset_seconds": round(stand_in.clock.offset_seconds, 3)}

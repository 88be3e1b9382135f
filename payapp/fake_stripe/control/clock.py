"""The clock, and whether all is well."""

from flask import Blueprint, Response, jsonify, request

from payapp.fake_stripe.appointments import move_clock
from payapp.fake_stripe.control.body import read_body, read_number
from payapp.fake_stripe.stand_in import current_stand_in

blueprint = Blueprint("clock", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Say that it runs, and how much is under way."""
    stand_in = current_stand_in()
    pending = stand_in.store.rows("SELECT count(*) FROM deliveries WHERE status = 'pending'")[0][0]
    return jsonify(status="ok", pending_deliveries=pending, deliveries_held=stand_in.deliverer.is_held)


@blueprint.route("/clock", methods=["GET", "POST"])
def clock() -> Response:
    """Tell the time, or go forward: `{"forward_seconds": 86400}`.

    When this has been answered, everything that was due on the way has happened; its webhooks are on their way.
    """
    stand_in = current_stand_in()
    if request.method == "POST":
        move_clock(stand_in, read_number(read_body("forward_seconds"), "forward_seconds", 0))
        stand_in.deliverer.wake_up()
    return jsonify(now=stand_in.clock.timestamp(), offset_seconds=round(stand_in.clock.offset_seconds, 3))

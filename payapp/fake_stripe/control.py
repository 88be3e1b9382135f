"""`/_control`: what only tests and developers may do. Stripe has nothing like it."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from payapp.fake_stripe.errors import JsonObject, StripeError
from payapp.fake_stripe.events import endpoints_for, queue_delivery
from payapp.fake_stripe.faults import Fault, to_json
from payapp.fake_stripe.payments import pay
from payapp.fake_stripe.resources.event_log import with_pending_webhooks
from payapp.fake_stripe.stand_in import current_stand_in

control = Blueprint("control", __name__, url_prefix="/_control")


@control.get("/health")
def health() -> Response:
    """Say that it runs, and how much is under way."""
    stand_in = current_stand_in()
    pending = stand_in.store.rows("SELECT count(*) FROM deliveries WHERE status = 'pending'")[0][0]
    return jsonify(status="ok", pending_deliveries=pending, deliveries_held=stand_in.deliverer.is_held)


@control.post("/deliveries/hold")
def hold_deliveries() -> Response:
    """Send no webhook until released."""
    current_stand_in().deliverer.hold()
    return jsonify(held=True)


@control.post("/deliveries/release")
def release_deliveries() -> Response:
    """Send what has gathered, and go on."""
    current_stand_in().deliverer.release()
    return jsonify(held=False)


@control.get("/deliveries")
def list_deliveries() -> Response:
    """Return every delivery, oldest first; `?event=evt_…` only that event's."""
    rows = current_stand_in().store.rows(
        "SELECT * FROM deliveries WHERE ?1 IS NULL OR event_id = ?1 ORDER BY id", (request.args.get("event"),)
    )
    return jsonify(deliveries=[dict(row) for row in rows])


@control.post("/events/<event_id>/resend")
def resend_event(event_id: str) -> Response:
    """Deliver an event again now, also one that was lost: `{"times": 2}` delivers it twice."""
    stand_in = current_stand_in()
    times = _read_number(_body(), "times", 1)
    work = stand_in.work()
    with stand_in.store.transaction():
        event = work.get("event", event_id, "id", status=404)
        stand_in.store.execute(
            "UPDATE deliveries SET status = 'canceled' WHERE event_id = ? AND status <> 'delivered'", (event_id,)
        )
        for endpoint_id in endpoints_for(work, event["type"]) * int(times):
            queue_delivery(work, event_id, endpoint_id)
        return jsonify(with_pending_webhooks(work, event))


@control.route("/faults", methods=["GET", "POST", "DELETE"])
def faults() -> Response:
    """Arm a fault, list those still to happen, or forget them all. The README lists the kinds."""
    armed = current_stand_in().faults
    if request.method == "DELETE":
        armed.clear()
    if request.method == "POST":
        try:
            armed.arm(_read_fault(_body()))
        except (TypeError, ValueError) as error:
            raise StripeError(str(error)) from error
    return jsonify(faults=[to_json(fault) for fault in armed.list_armed()])


def _read_fault(body: JsonObject) -> Fault:
    unknown = body.keys() - Fault.__dataclass_fields__.keys()
    if unknown or not {"operation", "fault"} <= body.keys():
        raise ValueError("a fault has operation and fault, and may have when, count and seconds")
    count, seconds = _read_number(body, "count", 1), _read_number(body, "seconds", 30)
    return Fault(str(body["operation"]), str(body["fault"]), str(body.get("when", "before")), int(count), seconds)


@control.route("/requests", methods=["GET", "DELETE"])
def requests_log() -> Response:
    """Return the API requests received so far, oldest first, or forget them."""
    log = current_stand_in().request_log
    if request.method == "DELETE":
        log.clear()
    return jsonify(requests=log.to_list())


@control.post("/sessions/<session_id>/pay")
def pay_session(session_id: str) -> Response:
    """Pay a session as its page would: `{"outcome": "paid"}`, and `email` where the page would ask for it."""
    stand_in = current_stand_in()
    body = _body()
    with stand_in.store.transaction():
        session = pay(stand_in.work(), session_id, str(body.get("outcome", "paid")), body.get("email"))
    return jsonify(session)


def _body() -> JsonObject:
    body: Any = request.get_json(silent=True) if request.content_length else {}
    if not isinstance(body, dict):
        raise StripeError("The body must be a JSON object.")
    return body


def _read_number(body: JsonObject, name: str, default: float) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StripeError(f"{name} must be a number", param=name)
    return value

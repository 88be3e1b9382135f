"""Faults, and the log of requests."""

import re

from flask import Blueprint, Response, jsonify, request

from payapp.fake_stripe.control.body import read_body, read_number
from payapp.fake_stripe.errors import JsonObject, StripeError
from payapp.fake_stripe.faults import Fault, to_json
from payapp.fake_stripe.operations import OPERATIONS
from payapp.fake_stripe.stand_in import current_stand_in

blueprint = Blueprint("trouble", __name__)


@blueprint.route("/faults", methods=["GET", "POST", "DELETE"])
def faults() -> Response:
    """Arm a fault, list those still to happen, or forget them all. The README lists the kinds."""
    armed = current_stand_in().faults
    if request.method == "DELETE":
        armed.clear()
    if request.method == "POST":
        try:
            armed.arm(_read_fault(read_body(*Fault.__dataclass_fields__)))
        except (TypeError, ValueError) as error:
            raise StripeError(str(error)) from error
    return jsonify(faults=[to_json(fault) for fault in armed.list_armed()])


def _read_fault(body: JsonObject) -> Fault:
    if not {"operation", "fault"} <= body.keys():
        raise ValueError("a fault has operation and fault, and may have when, count and seconds")
    _check_operation(str(body["operation"]))
    count, seconds = read_number(body, "count", 1), read_number(body, "seconds", 30)
    return Fault(str(body["operation"]), str(body["fault"]), str(body.get("when", "before")), int(count), seconds)


def _check_operation(name: str) -> None:
    """Raise ValueError for an operation that can't happen, because its fault would wait for ever and unnoticed."""
    if name == "*" or any(name == one.name or _is_call_of(name, one.name) for one in OPERATIONS):
        return
    _, _, path = name.partition(" ")
    near = [one.name for one in OPERATIONS if one.path.split("/")[2:3] == path.split("/")[2:3]]
    known = ", ".join(near) or f"one of {len(OPERATIONS)} such as {OPERATIONS[0].name}"
    raise ValueError(f"no operation is called {name!r}: it must be * or {known}")


def _is_call_of(name: str, operation: str) -> bool:
    pattern = re.sub(r"\\\{[^}]*\\\}", "[^/{}]+", re.escape(operation))
    return re.fullmatch(pattern, name) is not None


@blueprint.route("/requests", methods=["GET", "DELETE"])
def requests_log() -> Response:
    """Return the API requests received so far, oldest first, or forget them."""
    log = current_stand_in().request_log
    if request.method == "DELETE":
        log.clear()
    return jsonify(requests=log.to_list())

"""Faults, and the log of requests."""

import re

from flask import Blueprint, Response, jsonify

from fake_stripe.checks.faults import Fault, to_json
from fake_stripe.control.body import read_number
from fake_stripe.control.orders import order
from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.resources.operations import OPERATIONS
from fake_stripe.stand_in import StandIn, current_stand_in

blueprint = Blueprint("trouble", __name__)


@blueprint.get("/faults")
def list_faults() -> Response:
    """List the faults that are still to happen."""
    return jsonify(_armed(current_stand_in()))


@order("POST", "/faults", operation="text", fault="text", when="text", count="number", seconds="number")
def arm_fault(stand_in: StandIn, body: JsonObject) -> JsonObject:
    """Order trouble. The README lists the kinds."""
    try:
        stand_in.faults.arm(_read_fault(body))
    except (TypeError, ValueError) as error:
        raise StripeError(str(error)) from error
    return _armed(stand_in)


@order("DELETE", "/faults")
def clear_faults(stand_in: StandIn, body: JsonObject) -> JsonObject:
    """Forget all that are still to happen."""
    stand_in.faults.clear()
    return _armed(stand_in)


def _armed(stand_in: StandIn) -> JsonObject:
    return {"faults": [to_json(fault) for fault in stand_in.faults.list_armed()]}


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


@blueprint.get("/requests")
def list_requests() -> Response:
    """Return the API requests received so far, oldest first."""
    return jsonify(requests=current_stand_in().request_log.to_list())


@order("DELETE", "/requests")
def clear_requests(stand_in: StandIn, body: JsonObject) -> JsonObject:
    """Forget the API requests received so far."""
    stand_in.request_log.clear()
    return {"requests": stand_in.request_log.to_list()}

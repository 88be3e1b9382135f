"""Reads the JSON of control calls."""

from typing import Any

from flask import request

from payapp.fake_stripe.errors import JsonObject, StripeError


def read_body(*allowed: str) -> JsonObject:
    """Return the body, empty if there is none. Raises StripeError for what is no object or has other keys."""
    body: Any = request.get_json(silent=True) if request.content_length else {}
    if not isinstance(body, dict):
        raise StripeError("The body must be a JSON object.")
    unknown = sorted(body.keys() - set(allowed))
    if unknown:
        raise StripeError(f"Unknown: {', '.join(unknown)}; known here: {', '.join(allowed)}.", param=unknown[0])
    return body


def read_number(body: JsonObject, name: str, default: float) -> float:
    """Return a number. Raises StripeError for anything else and for one below zero."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise StripeError(f"{name} must be a number, at least 0", param=name)
    return value


def read_amount(body: JsonObject, name: str = "amount") -> int | None:
    """Return an amount in minor units, None when there is none."""
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise StripeError(f"{name} must be a whole number of minor units", param=name)
    return value


def read_choice(body: JsonObject, name: str, default: str, choices: tuple[str, ...]) -> str:
    """Return one of the choices. Raises StripeError for anything else."""
    value = body.get(name, default)
    if value not in choices:
        raise StripeError(f"{name} must be one of {', '.join(choices)}", param=name)
    return str(value)

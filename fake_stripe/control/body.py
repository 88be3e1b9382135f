"""Reads the bodies of orders."""

from typing import Any

from flask import request

from fake_stripe.errors import JsonObject, StripeError

NUMBER_MAX = 10**10  # three centuries of seconds, more money than a charge can have: beyond that, arithmetic fails


def read_body(*allowed: str) -> JsonObject:
    """Return the JSON body, empty if there is none. Raises StripeError for what is no object or has other keys."""
    body: Any = request.get_json(silent=True) if request.content_length else {}
    if not isinstance(body, dict):
        raise StripeError("The body must be a JSON object.")
    refuse_unknown(body, *allowed)
    return body


def refuse_unknown(body: JsonObject, *allowed: str) -> None:
    """Raise StripeError when the body has a key that is not allowed: a misspelled one must not go unnoticed."""
    unknown = sorted(body.keys() - set(allowed))
    if unknown:
        known = ", ".join(allowed) or "nothing"
        raise StripeError(f"Unknown: {', '.join(unknown)}; known here: {known}.", param=unknown[0])


def read_number(body: JsonObject, name: str, default: float, most: float = NUMBER_MAX) -> float:
    """Return a number. Raises StripeError for anything else, for one below zero and for one above `most`."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:  # nan too
        raise StripeError(f"{name} must be a number, at least 0", param=name)
    if value > most:
        raise StripeError(f"{name} must be at most {most}", param=name)
    return value


def read_amount(body: JsonObject, name: str = "amount") -> int | None:
    """Return an amount in minor units, None when there is none. Raises StripeError for anything else."""
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or abs(value) > NUMBER_MAX):
        raise StripeError(f"{name} must be a whole number of minor units", param=name)
    return value


def read_choice(body: JsonObject, name: str, default: str, choices: tuple[str, ...]) -> str:
    """Return one of the choices. Raises StripeError for anything else."""
    value = body.get(name, default)
    if value not in choices:
        raise StripeError(f"{name} must be one of {', '.join(choices)}", param=name)
    return str(value)

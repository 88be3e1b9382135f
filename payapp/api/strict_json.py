"""Reading a request's body: one JSON object, exactly as its sender meant it."""

import json
import math
from typing import Any

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from payapp.api.problems import ApiError, cut_name

INTEGER_DIGITS_MAX = 20  # longer ones are no amount, and Python takes a while to read the very long


def read_object() -> dict[str, Any]:
    """Return the body's fields; none for an empty body, which needs no content type.

    NaN and Infinity are read as Python does, as floats: no field takes one. Raises ApiError.
    """
    # Looked at first: a form may have been read already, and then nothing is left of its body.
    if request.mimetype not in ("", "application/json"):
        raise ApiError("unsupported_media_type")
    body = read_body()
    if not body:
        return {}
    if not request.mimetype:
        raise ApiError("unsupported_media_type")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_read_pairs, parse_int=_read_integer)
    except (ValueError, RecursionError) as error:
        raise ApiError("invalid_json") from error
    if not isinstance(value, dict):
        raise ApiError("invalid_request", detail="The body must be a JSON object.", errors=[])
    return value


def read_body() -> bytes:
    """Return the body. Raises RequestEntityTooLarge (413) when it is over the limit."""
    body = request.get_data(cache=True)
    # A body in chunks, without a length, is cut off at the limit by Werkzeug 3.1, not refused.
    if request.content_length is None and len(body) >= (request.max_content_length or 0):
        raise RequestEntityTooLarge
    return body


def _read_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice means two things: one program reads the first, another the last."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise ApiError("invalid_json", detail=f"The name `{cut_name(name)}` stands twice in it.")
        fields[name] = value
    return fields


def _read_integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= INTEGER_DIGITS_MAX else math.inf

"""Stripe's request encoding: `line_items[0][price_data][currency]=usd` becomes nested dictionaries."""

import re
from urllib.parse import parse_qsl

from fake_stripe.errors import JsonObject, parameter_error

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
_DEPTH_MAX = 12


def parse_form(encoded: bytes) -> JsonObject:
    """Return the parameters nested; lists stay dictionaries with the keys "0", "1", … until their type is known.

    Raises StripeError for bytes that are not UTF-8 and for keys that contradict one another.
    """
    try:
        pairs = parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict", max_num_fields=5000)
    except ValueError as error:
        raise parameter_error("Invalid request body: it must be form-encoded UTF-8.") from error
    params: JsonObject = {}
    for key, value in pairs:
        _place(params, key, value)
    return params


def _place(params: JsonObject, key: str, value: str) -> None:
    path = _split_key(key)
    place = params
    for part in path[:-1]:
        place = place.setdefault(part or str(len(place)), {})
        if not isinstance(place, dict):
            raise parameter_error(f"Invalid parameter: {key}", path[0])
    last = path[-1] or str(len(place))
    if isinstance(place.get(last), dict):
        raise parameter_error(f"Invalid parameter: {key}", path[0])
    place[last] = value


def _split_key(key: str) -> list[str]:
    match = _KEY.match(key)
    if match is None or key.count("[") > _DEPTH_MAX:
        raise parameter_error(f"Received unknown parameter: {key}", key, "parameter_unknown")
    return [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]

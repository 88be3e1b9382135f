"""Checks each request against the SDK's own `stripe.params` types and speaks Stripe's errors.

Messages and codes follow https://docs.stripe.com/error-codes; building a check takes some milliseconds, so it
is done once, when an operation is first called.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from fake_stripe.errors import JsonObject, StripeError, missing_parameter, parameter_error

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError


def validate(type_name: str, params: JsonObject) -> JsonObject:
    """Return the parameters with their declared types. Raises StripeError for the first thing that is wrong.

    `type_name` is a name in `stripe.params`, such as "CustomerCreateParams" or "checkout.SessionListParams".
    """
    # Here, because the stand-in is ready before it has loaded pydantic and the SDK.
    from pydantic import ValidationError

    from fake_stripe.checks.request_types import coerce

    closed, adapter = _checks_for(type_name)
    coerced = coerce(closed, params)
    try:
        return adapter.validate_python(coerced, strict=True)
    except ValidationError as error:
        raise _to_stripe_error(error, coerced) from error


@cache
def _checks_for(type_name: str) -> tuple[type, "TypeAdapter[JsonObject]"]:
    import stripe.params
    import stripe.params.checkout
    from pydantic import TypeAdapter
    from stripe._request_options import RequestOptions

    from fake_stripe.checks.request_types import close_typed_dict

    source: Any = stripe.params
    for part in type_name.split("."):
        source = getattr(source, part)
    # The SDK's options (api_key, idempotency_key, …) share the type with the parameters but travel as headers.
    closed = close_typed_dict(source, frozenset(RequestOptions.__annotations__))
    return closed, TypeAdapter(closed)


_ORDER = {"extra_forbidden": 0, "missing": 1}


def _to_stripe_error(error: "ValidationError", params: JsonObject) -> StripeError:
    """Stripe complains about unknown parameters first, then missing ones, then wrong values."""
    found = [one for one in error.errors(include_url=False) if not _only_says_unset(one)]

    def rank(one: Any) -> tuple[int, int]:
        place = _ORDER.get(one["type"], 2)
        # `created=x` fits neither the object nor the number; Stripe then speaks of the simple type.
        is_misleading = one["type"] == "dict_type" and isinstance(one["input"], str)
        return place + is_misleading, -len(_path(one["loc"], params))

    first = min(found, key=rank)
    allowed = [one for one in found if one["type"] == "literal_error"]
    return _describe(first["type"], _path(first["loc"], params), first["input"], allowed)


def _only_says_unset(one: Any) -> bool:
    """Whether an error comes from `Literal['']`, which lets a field be unset and enumerates nothing."""
    return bool(one["type"] == "literal_error" and one["ctx"]["expected"] == "''")


def _path(location: tuple[int | str, ...], params: JsonObject) -> list[int | str]:
    """Drop the labels that pydantic adds for members of a union: keep what leads through the parameters."""
    path: list[int | str] = []
    value: Any = params
    for position, part in enumerate(location):
        is_inside = part in value if isinstance(value, dict) else isinstance(value, list)
        is_last = position == len(location) - 1
        if is_inside:
            path.append(part)
            value = value[part]
        elif is_last and isinstance(value, dict):
            path.append(part)
    return path


def _to_param(path: list[int | str]) -> str:
    first, *rest = [str(part) for part in path]
    return first + "".join(f"[{part}]" for part in rest)


def _describe(error_type: str, path: list[int | str], value: Any, literals: list[Any]) -> StripeError:
    param = _to_param(path)
    if error_type == "extra_forbidden":
        return parameter_error(f"Received unknown parameter: {param}", param, "parameter_unknown")
    if error_type == "missing":
        return missing_parameter(param)
    if value == "":
        return parameter_error(_EMPTY.format(param=param), param, "parameter_invalid_empty")
    if error_type == "literal_error" or literals:
        expected = literals[0]["ctx"]["expected"].replace("'", "").replace(" or ", ", or ") if literals else ""
        return parameter_error(f"Invalid {param}: must be one of {expected}", param)
    text, code = _WRONG_TYPE.get(error_type, ("Invalid value: {value}", None))
    return parameter_error(text.format(value=value if isinstance(value, str) else "an object"), param, code)


_EMPTY = (
    "You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; "
    "however '{param}' cannot be unset. You should remove '{param}' from your request or supply a "
    "non-empty value."
)
_WRONG_TYPE: dict[str, tuple[str, str | None]] = {
    "int_type": ("Invalid integer: {value}", "parameter_invalid_integer"),
    "bool_type": ("Invalid boolean: {value}", None),
    "float_type": ("Invalid decimal: {value}", None),
    "is_instance_of": ("Invalid decimal: {value}", None),
    "decimal_type": ("Invalid decimal: {value}", None),
    "dict_type": ("Invalid object", None),
    "list_type": ("Invalid array", None),
    "string_type": ("Invalid string: {value}", None),
    "string_too_long": ("Invalid string: it must be at most 5000 characters", None),
}

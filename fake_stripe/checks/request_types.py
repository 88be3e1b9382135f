"""The SDK's request types, closed: no unknown key, no unknown value, no empty string where none may stand.

`stripe.params` writes every enumeration as `Literal[…] | str`, so that an old SDK accepts a new value. Here
the open `str` is removed, because a value the pinned SDK doesn't know is more likely our mistake.
"""

import sys
import types
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from annotated_types import MaxLen, MinLen
from typing_extensions import TypedDict, is_typeddict

STRING_LENGTH_MAX = 5000  # https://docs.stripe.com/api documents it per field; 5,000 is Stripe's general limit

FilledString = Annotated[str, MinLen(1), MaxLen(STRING_LENGTH_MAX)]


@cache
def close_typed_dict(source: type, ignored_keys: frozenset[str] = frozenset()) -> type:
    """Return a twin of a `stripe.params` TypedDict that pydantic holds to its letter."""
    hints = _own_hints(source, ignored_keys)
    required: frozenset[str] = source.__required_keys__  # type: ignore[attr-defined]
    fields = {key: _mark(_close(hint), key in required) for key, hint in hints.items()}
    closed: Any = _make_typed_dict(source.__name__, fields)
    closed.__pydantic_config__ = {"extra": "forbid"}
    return closed  # type: ignore[no-any-return]


# A plain variable: type checkers only accept literal names and fields in a direct call.
_make_typed_dict: Any = TypedDict


def _own_hints(source: type, ignored_keys: frozenset[str]) -> dict[str, Any]:
    own = {key: hint for key, hint in source.__annotations__.items() if key not in ignored_keys}
    # A bare holder: get_type_hints on the class itself would also resolve the options of its base class,
    # which name types that exist for type checkers only.
    holder = types.SimpleNamespace(__annotations__=own)
    return get_type_hints(holder, vars(sys.modules[source.__module__]))


def _mark(hint: Any, is_required: bool) -> Any:
    return Required[hint] if is_required else NotRequired[hint]


def _close(hint: Any) -> Any:
    if is_typeddict(hint):
        return close_typed_dict(hint)
    if hint is str:
        return FilledString
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is list:
        return list[_close(arguments[0])]  # type: ignore[misc]
    if origin is dict:
        value = arguments[1]
        return dict[str, str if value is str else _close(value)]  # type: ignore[misc]
    if origin in (Union, types.UnionType):
        return _close_union(arguments)
    return hint


def _close_union(members: tuple[Any, ...]) -> Any:
    kept = [member for member in members if not _is_sdk_object(member) and member is not type(None)]
    if _has_closed_literals(kept):
        kept = [member for member in kept if member is not str]
    return Union[tuple(_close(member) for member in kept)]  # noqa: UP007  (members are known at run time only)


def _is_sdk_object(member: Any) -> bool:
    return getattr(get_origin(member) or member, "__module__", "").startswith("stripe._stripe_object")


def _has_closed_literals(members: list[Any]) -> bool:
    """Whether the union enumerates values; `Literal['']` alone only says that the field can be unset."""
    return any(get_origin(member) is Literal and set(get_args(member)) != {""} for member in members)


def coerce(hint: Any, value: Any) -> Any:
    """Turn the strings of a form into what the closed type declares; what does not fit stays as it was."""
    if get_origin(hint) is Annotated or get_origin(hint) in (Required, NotRequired):
        return coerce(get_args(hint)[0], value)
    if get_origin(hint) in (Union, types.UnionType):
        return _coerce_union(get_args(hint), value)
    if isinstance(value, dict):
        return _coerce_mapping(hint, value)
    return _coerce_string(hint, value)


def _coerce_union(members: tuple[Any, ...], value: Any) -> Any:
    if any(get_origin(member) is Literal and value in get_args(member) for member in members):
        return value
    for member in members:
        coerced = coerce(member, value)
        if type(coerced) is not type(value) or coerced != value:
            return coerced
    return value


def _coerce_mapping(hint: Any, value: dict[str, Any]) -> Any:
    if is_typeddict(hint):
        fields = hint.__annotations__
        return {key: coerce(fields[key], item) if key in fields else item for key, item in value.items()}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is list and all(key.isdecimal() for key in value):
        return [coerce(arguments[0], value[key]) for key in sorted(value, key=int)]
    if origin is dict:
        return {key: coerce(arguments[1], item) for key, item in value.items()}
    return value


def _coerce_string(hint: Any, value: str) -> Any:
    if hint is bool:
        return {"true": True, "false": False}.get(value, value)
    if hint is int and value.removeprefix("-").isdecimal() and value.isascii() and len(value) < 19:
        return int(value)
    if hint is Decimal:
        return _to_decimal(value)
    if hint is float:
        decimal = _to_decimal(value)
        return float(decimal) if isinstance(decimal, Decimal) else value
    return value


def _to_decimal(value: str) -> Any:
    digits = value.removeprefix("-").replace(".", "", 1)
    return Decimal(value) if digits.isdecimal() and digits.isascii() and len(digits) < 30 else value

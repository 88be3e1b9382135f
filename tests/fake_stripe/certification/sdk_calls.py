"""What the SDK itself says about each call, read from the source of its services: nobody's opinion comes between.

Each method of a service names the HTTP method and the address, and its annotation names the type of the parameters.
"""

import ast
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import stripe
from pydantic import TypeAdapter, ValidationError
from stripe._request_options import RequestOptions

from fake_stripe.checks.request_types import close_typed_dict, coerce

SERVICES = sorted(Path(stripe.__file__).parent.rglob("*_service.py"))


@dataclass(frozen=True)
class SdkCall:
    """One method of one service. `path` has `{name}` for ids, `params_type` is `module:Name`."""

    method: str
    path: str
    params_type: str | None

    def is_at(self, method: str, path: str) -> bool:
        """Whether a request of this method to this address is this call."""
        pattern = re.sub(r"\{[^}]*\}", "[^/]+", self.path)
        return method == self.method and re.fullmatch(pattern, path) is not None


@cache
def list_calls() -> list[SdkCall]:
    """Return every call of the first API version."""
    return [call for path in SERVICES if "/v1/" in path.read_text() for call in _read_service(path)]


def find_call(method: str, path: str) -> SdkCall:
    """Return the call that sends this request; of two that could, the one whose address has fewer ids."""
    found = [call for call in list_calls() if call.is_at(method, path)]
    assert found, f"the SDK has no call that sends {method} {path}"
    return min(found, key=lambda call: call.path.count("{"))


def problems_of_request(method: str, path: str, params: dict[str, Any]) -> list[str]:
    """Return what the SDK's own type for this call, closed, has against the parameters as they were sent."""
    call = find_call(method, path)
    if call.params_type is None:
        return [f"{name}: this call takes no parameters" for name in params]
    closed = _closed_type(call.params_type)
    try:
        TypeAdapter(closed).validate_python(coerce(closed, params), strict=True)
    except ValidationError as error:
        return [f"{one['loc']}: {one['msg']}" for one in error.errors()]
    return []


@cache
def _closed_type(params_type: str) -> Any:
    module, _, name = params_type.partition(":")
    # The SDK's options (api_key, idempotency_key, …) share the type with the parameters but travel as headers.
    return close_typed_dict(getattr(import_module(module), name), frozenset(RequestOptions.__annotations__))


def _read_service(path: Path) -> list[SdkCall]:
    tree = ast.parse(path.read_text())
    homes = {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    calls = [(function, _find_request(function)) for function in functions]
    return [_read_call(function, request, homes) for function, request in calls if request]


def _find_request(function: ast.FunctionDef) -> ast.Call | None:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_request":
            return node
    return None


def _read_call(function: ast.FunctionDef, request: ast.Call, homes: dict[str, str]) -> SdkCall:
    method, path = (ast.literal_eval(_template(argument)) for argument in request.args[:2])
    annotations = {
        argument.arg: ast.unparse(argument.annotation) for argument in function.args.args if argument.annotation
    }
    name = re.search(r"\w+Params\b", annotations.get("params", ""))
    return SdkCall(method.upper(), path, f"{homes[name[0]]}:{name[0]}" if name else None)


def _template(argument: ast.expr) -> ast.expr:
    """Return the text of `"/v1/customers/{customer}".format(…)`, or the argument itself."""
    if isinstance(argument, ast.Call) and isinstance(argument.func, ast.Attribute):
        return argument.func.value
    return argument

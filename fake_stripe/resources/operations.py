"""The register of what the API can do. A resource's file declares its operations with the decorators here."""

from collections.abc import Callable
from dataclasses import dataclass

from fake_stripe.errors import JsonObject
from fake_stripe.work import Work

Params = JsonObject
OperationFunction = Callable[..., JsonObject]
IncludeFunction = Callable[[Work, JsonObject], JsonObject]


@dataclass(frozen=True)
class Operation:
    """One line of Stripe's API reference. `path` has Flask's `<id>`; `params_type` is a name in `stripe.params`."""

    method: str
    path: str
    params_type: str
    function: OperationFunction

    @property
    def name(self) -> str:
        """How faults and logs call it: `POST /v1/customers/{id}`."""
        return f"{self.method} {self.path.replace('<', '{').replace('>', '}')}"


OPERATIONS: list[Operation] = []

# Kind of object → field → kind it refers to: what `expand` may turn from an id into the object.
EXPANDABLE: dict[str, dict[str, str]] = {}
ANY_KIND = "*"  # for a field that may name objects of several kinds

# Kind of object → field → function: what is left out unless `expand` asks for it.
INCLUDABLE: dict[str, dict[str, IncludeFunction]] = {}


def operation(method: str, path: str, params_type: str) -> Callable[[OperationFunction], OperationFunction]:
    """Declare a function `(work, params, *ids) -> answer` as an operation of the API."""

    def register(function: OperationFunction) -> OperationFunction:
        OPERATIONS.append(Operation(method, path, params_type, function))
        return function

    return register


def expandable(kind: str, fields: dict[str, str]) -> None:
    """Declare which fields of a kind `expand` may replace by the object they name."""
    EXPANDABLE[kind] = fields


def includable(kind: str, field: str, function: IncludeFunction) -> None:
    """Declare a field that is shown only when `expand` names it."""
    INCLUDABLE.setdefault(kind, {})[field] = function

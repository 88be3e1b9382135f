"""The register of orders: what a control call or a button of the panel makes happen, one function each."""

from collections.abc import Callable
from dataclasses import dataclass

from fake_stripe.errors import JsonObject

OrderFunction = Callable[..., JsonObject]


@dataclass(frozen=True)
class Order:
    """One order. `path` is below `/_control`; `fields` are the keys of its body and whether they are `text`, an
    `amount` in minor units, a `number` or a list of `words`: a form knows only strings.
    """

    method: str
    path: str
    fields: dict[str, str]
    function: OrderFunction

    @property
    def name(self) -> str:
        """How the order is called in addresses and tests: the name of its function."""
        return self.function.__name__


ORDERS: list[Order] = []


def order(method: str, path: str, **fields: str) -> Callable[[OrderFunction], OrderFunction]:
    """Declare a function `(stand_in, body, **ids) -> answer` as an order with these fields."""

    def register(function: OrderFunction) -> OrderFunction:
        ORDERS.append(Order(method, path, fields, function))
        return function

    return register

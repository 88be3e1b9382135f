"""Prices, found by lookup key. Source: https://docs.stripe.com/api/prices"""

from functools import partial
from typing import Any

import stripe

from payapp.stripe_service.connection import Connection
from payapp.stripe_service.pages import PAGE_SIZE
from payapp.stripe_types.objects import APP_STAMP, Price


class Prices(Connection):
    """The catalogue at Stripe."""

    def list_prices(self, lookup_keys: list[str]) -> list[Price]:
        """Return the active prices that carry one of these lookup keys (at most one each)."""
        params: Any = {"lookup_keys": lookup_keys, "active": True, "limit": PAGE_SIZE}
        return [_read_price(price) for price in self._ask(partial(self._client.v1.prices.list, params)).data]

    def get_price(self, price_id: str) -> Price:
        """Fetch one price. Raises StripeRefusedError when there is none."""
        return _read_price(self._ask(partial(self._client.v1.prices.retrieve, price_id)))

    def create_price(
        self, lookup_key: str, product_name: str, unit_amount: int, currency: str, idempotency_key: str
    ) -> Price:
        """Make a product with one price; a price that carried the lookup key before loses it to the new one."""
        params: Any = {
            "lookup_key": lookup_key,
            "transfer_lookup_key": True,
            "unit_amount": unit_amount,
            "currency": currency,
            "product_data": {"name": product_name, "metadata": {"app": APP_STAMP}},
            "metadata": {"app": APP_STAMP},
        }
        options: Any = {"idempotency_key": idempotency_key}
        return _read_price(self._ask(partial(self._client.v1.prices.create, params, options)))


def _read_price(price: stripe.Price) -> Price:
    return Price(price.id, price.lookup_key or "", price.unit_amount, price.currency, price.active)

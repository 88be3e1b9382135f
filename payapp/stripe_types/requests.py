"""What we ask Stripe to make, as it crosses the wall: plain dataclasses that know Stripe's parameters.

Nothing here imports the stripe package. Amounts are minor currency units, moments are aware UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payapp.stripe_types.objects import APP_STAMP


@dataclass(frozen=True)
class CheckoutRequest:
    """What we ask Stripe to sell: one line, paid once, by one customer."""

    idempotency_key: str
    customer_id: str
    client_reference_id: str
    product_name: str
    unit_amount: int
    currency: str
    price_id: str
    success_url: str
    cancel_url: str
    expires_at: datetime
    metadata: dict[str, str]

    def to_params(self) -> dict[str, Any]:
        """Return the request as Stripe wants it: the price by id where there is one, else described inline.

        Its currency comes along with the id: a price of the dashboard may have several, and Stripe would choose one
        by the buyer's place. Source: https://docs.stripe.com/payments/checkout/localize-prices/manual-currency-prices
        """
        line: dict[str, Any] = {"quantity": 1}
        pinned: dict[str, Any] = {}
        if self.price_id:
            line["price"], pinned["currency"] = self.price_id, self.currency
        else:
            line["price_data"] = {
                "currency": self.currency,
                "unit_amount": self.unit_amount,
                "product_data": {"name": self.product_name},
            }
        metadata = self.metadata | {"app": APP_STAMP}
        return pinned | {
            "mode": "payment",
            "customer": self.customer_id,
            "client_reference_id": self.client_reference_id,
            "line_items": [line],
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
            "success_url": self.success_url,
            "cancel_url": self.cancel_url,
            "expires_at": int(self.expires_at.timestamp()),
        }

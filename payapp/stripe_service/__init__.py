"""The wall: the one package that knows the stripe package.

One method is one call of Stripe's, under Stripe's name for it; our dataclasses come out, and our errors.
It takes its keys as arguments and knows neither Flask nor the database.
"""

from payapp.stripe_service.checkout import CheckoutSessions
from payapp.stripe_service.connection import QUICK_SECONDS_MAX
from payapp.stripe_service.customers import Customers
from payapp.stripe_service.events import SIGNATURE_TOLERANCE_SECONDS, Events
from payapp.stripe_service.patience import Patience
from payapp.stripe_service.prices import Prices
from payapp.stripe_service.returns import Returns
from payapp.stripe_service.webhook_endpoints import WebhookEndpoints

__all__ = ["QUICK_SECONDS_MAX", "SIGNATURE_TOLERANCE_SECONDS", "Patience", "StripeService"]


class StripeService(Customers, CheckoutSessions, Prices, Returns, WebhookEndpoints, Events):
    """Stripe's API for one account. Thread-safe; one per process, because each keeps its connections."""

    def __init__(
        self,
        secret_key: str,
        webhook_secrets: list[str],
        api_base: str = "",
        *,
        patience: Patience | None = None,
    ) -> None:
        """`api_base` empty means Stripe's own address. `webhook_secrets`: any of them may have signed an event.

        `patience` is how long the calls that no page waits for are tried again.
        """
        super().__init__(secret_key, api_base, patience or Patience())
        self._webhook_secrets = webhook_secrets

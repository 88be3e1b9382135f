"""Webhook endpoints: where Stripe sends events. Source: https://docs.stripe.com/api/webhook_endpoints"""

from collections.abc import Iterable
from functools import partial
from typing import Any

import stripe

from payapp.stripe_service.connection import Connection
from payapp.stripe_service.pages import PAGE_SIZE
from payapp.stripe_types.objects import APP_STAMP, WebhookEndpoint


class WebhookEndpoints(Connection):
    """Registering our address."""

    api_version = stripe.api_version

    def list_webhook_endpoints(self) -> list[WebhookEndpoint]:
        """Return the account's webhook endpoints, without their secrets."""
        page = self._ask(partial(self._client.v1.webhook_endpoints.list, {"limit": PAGE_SIZE}))
        return [_read_endpoint(endpoint) for endpoint in page.data]

    def create_webhook_endpoint(self, url: str, event_types: Iterable[str]) -> WebhookEndpoint:
        """Register `url` for exactly `event_types`; the answer holds the signing secret, told only this once.

        Its events come in the shapes of `api_version`, whatever the account's own version is.
        Source: https://docs.stripe.com/webhooks/versioning
        """
        params: Any = {
            "url": url,
            "enabled_events": sorted(event_types),
            "api_version": self.api_version,
            "metadata": {"app": APP_STAMP},
        }
        return _read_endpoint(self._ask(partial(self._client.v1.webhook_endpoints.create, params)))

    def update_webhook_endpoint(self, endpoint_id: str, event_types: Iterable[str]) -> WebhookEndpoint:
        """Have an endpoint receive exactly `event_types`; its secret stays, and is not told again."""
        params: Any = {"enabled_events": sorted(event_types)}
        return _read_endpoint(self._ask(partial(self._client.v1.webhook_endpoints.update, endpoint_id, params)))


def _read_endpoint(told: stripe.WebhookEndpoint) -> WebhookEndpoint:
    secret = told.to_dict().get("secret")
    return WebhookEndpoint(told.id, told.url, frozenset(told.enabled_events), secret, told.api_version)

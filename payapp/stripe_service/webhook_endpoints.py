"""Webhook endpoints: where Stripe sends events. Source: https://docs.stripe.com/api/webhook_endpoints"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from payapp.stripe_objects import APP_STAMP, WebhookEndpoint
from payapp.stripe_service.connection import Connection
from payapp.stripe_service.pages import PAGE_SIZE


class WebhookEndpoints(Connection):
    """Registering our address."""

    def list_webhook_endpoints(self) -> list[WebhookEndpoint]:
        """Return the account's webhook endpoints, without their secrets."""
        page = self._ask(partial(self._client.v1.webhook_endpoints.list, {"limit": PAGE_SIZE}))
        return [WebhookEndpoint(e.id, e.url, frozenset(e.enabled_events), None) for e in page.data]

    def create_webhook_endpoint(self, url: str, event_types: Iterable[str]) -> WebhookEndpoint:
        """Register `url` for exactly `event_types`; the answer holds the signing secret, told only this once."""
        params: Any = {"url": url, "enabled_events": sorted(event_types), "metadata": {"app": APP_STAMP}}
        made = self._ask(partial(self._client.v1.webhook_endpoints.create, params))
        return WebhookEndpoint(made.id, made.url, frozenset(made.enabled_events), made.secret)

    def update_webhook_endpoint(self, endpoint_id: str, event_types: Iterable[str]) -> WebhookEndpoint:
        """Have an endpoint receive exactly `event_types`; its secret stays, and is not told again."""
        params: Any = {"enabled_events": sorted(event_types)}
        changed = self._ask(partial(self._client.v1.webhook_endpoints.update, endpoint_id, params))
        return WebhookEndpoint(changed.id, changed.url, frozenset(changed.enabled_events), None)

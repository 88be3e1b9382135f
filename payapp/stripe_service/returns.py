"""Money that goes back: refunds and disputes. Source: https://docs.stripe.com/api/refunds, …/disputes"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import stripe

from payapp.stripe_service.pages import PAGE_SIZE, Lists
from payapp.stripe_types.objects import APP_STAMP, Page
from payapp.stripe_types.returns import Dispute, Refund


class Returns(Lists):
    """Making refunds, and reading refunds and disputes."""

    def create_refund(self, payment_intent_id: str, amount: int, *, idempotency_key: str) -> Refund:
        """Send `amount` of a payment back; the same key within 24 h returns the same refund.

        Raises StripeUnavailableError (it may have happened all the same), BurntKeyError, or StripeRefusedError
        when more would go back than was paid. Source: https://docs.stripe.com/api/refunds/create
        """
        metadata = {"app": APP_STAMP, "refundKey": idempotency_key}
        params: Any = {"payment_intent": payment_intent_id, "amount": amount, "metadata": metadata}
        options: Any = {"idempotency_key": idempotency_key}
        return Refund.from_object(self._ask(partial(self._client.v1.refunds.create, params, options)).to_dict())

    def find_refund(self, payment_intent_id: str, refund_key: str) -> Refund | None:
        """Return the refund that create_refund() made with this key, or None.

        For when Stripe may have forgotten the key: sent again it would make a second refund.
        """
        found = self._ask(partial(_find, self._client, payment_intent_id, refund_key))
        return Refund.from_object(found.to_dict()) if found else None

    def get_refund(self, refund_id: str) -> Refund:
        """Fetch a refund as it is now, patiently. Raises StripeRefusedError when there is none."""
        return Refund.from_object(self._ask_patiently(partial(self._client.v1.refunds.retrieve, refund_id)).to_dict())

    def get_dispute(self, dispute_id: str) -> Dispute:
        """Fetch a dispute as it is now, patiently. Raises StripeRefusedError when there is none."""
        return Dispute.from_object(
            self._ask_patiently(partial(self._client.v1.disputes.retrieve, dispute_id)).to_dict()
        )

    def list_refunds(self, since: datetime | None = None) -> Iterator[Page[Refund]]:
        """Yield the account's refunds in pages, newest first, patiently. `since`: only those made then or later."""
        return self._read_pages(self._client.v1.refunds.list, Refund.from_object, since)

    def list_disputes(self, since: datetime | None = None) -> Iterator[Page[Dispute]]:
        """Yield the account's disputes in pages, newest first, patiently. `since`: only those made then or later."""
        return self._read_pages(self._client.v1.disputes.list, Dispute.from_object, since)


def _find(client: stripe.StripeClient, payment_intent_id: str, refund_key: str) -> stripe.Refund | None:
    page = client.v1.refunds.list({"payment_intent": payment_intent_id, "limit": PAGE_SIZE})
    for refund in page.auto_paging_iter():
        if refund.metadata and refund.metadata.to_dict().get("refundKey") == refund_key:
            return refund
    return None

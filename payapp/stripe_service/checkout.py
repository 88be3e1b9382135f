"""Checkout sessions: Stripe's payment pages. Source: https://docs.stripe.com/api/checkout/sessions"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any, cast

from payapp.stripe_service.pages import Lists
from payapp.stripe_types.objects import CheckoutSession, Page
from payapp.stripe_types.requests import CheckoutRequest


class CheckoutSessions(Lists):
    """Opening, fetching, closing and listing Checkout sessions."""

    def create_checkout_session(self, request: CheckoutRequest) -> CheckoutSession:
        """Make a one-time Checkout session; the same idempotency key returns the same one.

        Raises StripeRefusedError `resource_missing` with param `customer` when the customer was deleted.
        Source: https://docs.stripe.com/api/checkout/sessions/create
        """
        params, options = cast(Any, request.to_params()), cast(Any, {"idempotency_key": request.idempotency_key})
        created = self._ask(partial(self._client.v1.checkout.sessions.create, params, options))
        return CheckoutSession.from_object(created.to_dict())

    def get_checkout_session(
        self, checkout_session_id: str, *, is_quick: bool = False, with_payment: bool = False
    ) -> CheckoutSession:
        """Fetch a Checkout session as it is now. Raises StripeRefusedError when there is none.

        `is_quick` gives up after two seconds. `with_payment` is for the sweeper, where no page waits: it fills in
        `payment_intent_status`, and keeps trying for about a minute.
        """
        params: Any = {"expand": ["payment_intent"]} if with_payment else {}
        fetch = partial(self._client_for(is_quick).v1.checkout.sessions.retrieve, checkout_session_id, params)
        found = self._ask_patiently(fetch) if with_payment else self._ask(fetch, is_quick=is_quick)
        return CheckoutSession.from_object(found.to_dict())

    def expire_checkout_session(self, checkout_session_id: str) -> None:
        """Close an open Checkout session so that nobody can pay it. Raises StripeRefusedError if it is not open."""
        self._ask(partial(self._client.v1.checkout.sessions.expire, checkout_session_id))

    def list_checkout_sessions(self, since: datetime | None = None) -> Iterator[Page[CheckoutSession]]:
        """Yield the account's Checkout sessions in pages, newest first, with `payment_intent_status`; patiently.

        `since`: only those made then or later.
        """
        sessions = self._client.v1.checkout.sessions
        return self._read_pages(sessions.list, CheckoutSession.from_object, since, expand=["data.payment_intent"])

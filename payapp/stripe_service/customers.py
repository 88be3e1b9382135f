"""Customers: one for each of our users. Source: https://docs.stripe.com/api/customers"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import stripe

from payapp.stripe_service.connection import Connection
from payapp.stripe_service.pages import PAGE_SIZE
from payapp.stripe_types.objects import APP_STAMP, StripeRefusedError

CLOCKS_DIFFER = timedelta(hours=1)  # at most, ours and Stripe's


class Customers(Connection):
    """Making, finding and deleting customers, and telling Stripe a new address."""

    def create_customer(
        self, email: str, user_id: int, user_key: str, idempotency_key: str, *, is_quick: bool = False
    ) -> str:
        """Make a customer for our user and return its id; the same key within 24 h returns the same one.

        An empty `email` is none: Checkout asks for one then.
        `user_key` goes into the metadata, so that find_customer() knows it again. `is_quick` gives up after two
        seconds. Raises StripeUnavailableError (it may exist all the same), BurntKeyError or StripeRefusedError.
        Source: https://docs.stripe.com/api/idempotent_requests
        """
        params: Any = {"metadata": {"userId": str(user_id), "userKey": user_key, "app": APP_STAMP}}
        if email:
            params["email"] = email
        create = partial(self._client_for(is_quick).v1.customers.create, params, {"idempotency_key": idempotency_key})
        return self._ask(create, is_quick=is_quick).id

    def find_customer(self, email: str, user_key: str, since: datetime) -> str | None:
        """Return the id of the customer that create_customer() made with this user key, or None.

        For when Stripe may have forgotten the idempotency key. `email` is the address it was made with, and
        narrows the search only: a stranger's customer with the same address is never ours. Without an address all
        that were made from about `since` on are looked through.
        """
        narrowed: Any = {"email": email} if email else {"created": {"gte": int((since - CLOCKS_DIFFER).timestamp())}}
        return self._ask(partial(_find, self._client, narrowed, user_key))

    def update_customer_email(self, customer_id: str, email: str, *, idempotency_key: str) -> None:
        """Give a customer another address. Raises StripeRefusedError `resource_missing` when it was deleted.

        Source: https://docs.stripe.com/api/customers/update
        """
        options: Any = {"idempotency_key": idempotency_key}
        self._ask(partial(self._client.v1.customers.update, customer_id, {"email": email}, options))

    def delete_customer(self, customer_id: str, *, is_quick: bool = False) -> None:
        """Delete a customer for good; harmless when it was deleted before. Stripe keeps its payments.

        `is_quick` gives up after two seconds. Source: https://docs.stripe.com/api/customers/delete
        """
        try:
            self._ask(partial(self._client_for(is_quick).v1.customers.delete, customer_id), is_quick=is_quick)
        except StripeRefusedError as error:
            if error.code != "resource_missing":
                raise


def _find(client: stripe.StripeClient, narrowed: Any, user_key: str) -> str | None:
    params: Any = {**narrowed, "limit": PAGE_SIZE}
    page = client.v1.customers.list(params)
    for customer in page.auto_paging_iter():
        if customer.metadata and customer.metadata.to_dict().get("userKey") == user_key:
            return customer.id
    return None

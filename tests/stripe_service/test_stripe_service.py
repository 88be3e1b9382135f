"""The wall: what goes to Stripe, what comes back, and what is made of its errors. Events are tests/webhooks' affair."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from payapp.database.clock import utc_now
from payapp.stripe_service import QUICK_SECONDS_MAX, StripeService
from payapp.stripe_types.objects import (
    BurntKeyError,
    CheckoutSession,
    MalformedObjectError,
    StripeRefusedError,
    StripeUnavailableError,
)
from tests.processes import SECRET_KEY
from tests.stand_in import CREATE_CUSTOMER, StandIn
from tests.stripe_service.requests import build_request


class TestCustomers:
    def test_the_same_key_returns_the_same_one(self, service: StripeService) -> None:
        key = uuid4().hex
        first = service.create_customer("ada@example.com", 7, "customer:7", key)
        assert service.create_customer("ada@example.com", 7, "customer:7", key) == first
        assert service.create_customer("ada@example.com", 7, "customer:7", uuid4().hex) != first

    def test_it_is_found_by_its_key_not_by_its_address(self, stripe: StandIn, service: StripeService) -> None:
        email = f"{uuid4().hex}@example.com"
        stripe.post("/v1/customers", email=email)
        stripe.post("/v1/customers", email=email, **{"metadata[userKey]": "customer:8"})
        mine = service.create_customer(email, 7, "customer:7", uuid4().hex)
        assert service.find_customer(email, "customer:7", utc_now()) == mine
        assert service.find_customer(email, "customer:9", utc_now()) is None
        assert service.find_customer("nobody@example.com", "customer:7", utc_now()) is None

    def test_it_is_found_without_an_address(self, stripe: StandIn, service: StripeService) -> None:
        user_key = f"customer:{uuid4()}"
        service.create_customer("ada@example.com", 7, "another", uuid4().hex)
        mine = service.create_customer("", 7, user_key, uuid4().hex)
        assert stripe.get(f"/v1/customers/{mine}")["email"] is None
        assert service.find_customer("", user_key, utc_now()) == mine
        assert service.find_customer("", "customer:9", utc_now()) is None
        assert service.find_customer("", user_key, utc_now() + timedelta(days=1)) is None

    def test_it_is_given_another_address(self, stripe: StandIn, service: StripeService) -> None:
        customer_id = service.create_customer("ada@example.com", 7, "customer:7", uuid4().hex)
        service.update_customer_email(customer_id, "lovelace@example.com", idempotency_key=uuid4().hex)
        customer = stripe.get(f"/v1/customers/{customer_id}")
        assert customer["email"] == "lovelace@example.com"
        assert customer["metadata"] == {"userId": "7", "userKey": "customer:7", "app": "payapp"}

    def test_a_deleted_one_is_given_no_address_and_no_page(self, stripe: StandIn, service: StripeService) -> None:
        customer_id = service.create_customer("ada@example.com", 7, "customer:7", uuid4().hex)
        stripe.delete(f"/v1/customers/{customer_id}")
        with pytest.raises(StripeRefusedError) as refused:
            service.update_customer_email(customer_id, "lovelace@example.com", idempotency_key=uuid4().hex)
        assert refused.value.code == "resource_missing"
        with pytest.raises(StripeRefusedError) as refused:
            service.create_checkout_session(build_request(stripe, customer_id=customer_id))
        assert (refused.value.code, refused.value.param) == ("resource_missing", "customer")

    def test_a_quick_call_ends_in_time_and_is_not_repeated(self, stripe: StandIn, service: StripeService) -> None:
        stripe.arm(CREATE_CUSTOMER, "timeout", seconds=4)
        began = time.monotonic()
        with pytest.raises(StripeUnavailableError):
            service.create_customer("ada@example.com", 7, "customer:7", uuid4().hex, is_quick=True)
        assert time.monotonic() - began < QUICK_SECONDS_MAX + 0.5
        assert len(stripe.list_requests(CREATE_CUSTOMER)) == 1

    def test_a_quick_call_ends_in_time_when_bytes_only_trickle(self, trickling_address: str) -> None:
        service = StripeService(SECRET_KEY, [], trickling_address)
        began = time.monotonic()
        with pytest.raises(StripeUnavailableError, match="no answer within"):
            service.create_customer("ada@example.com", 7, "customer:7", "key", is_quick=True)
        assert time.monotonic() - began < QUICK_SECONDS_MAX + 0.5


@pytest.fixture
def trickling_address() -> Iterator[str]:
    """A server that sends a byte now and then, so that no read ever times out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def trickle() -> None:
            connection, _ = listener.accept()
            with connection:
                for _ in range(40):
                    connection.sendall(b"H")
                    time.sleep(0.1)

        thread = Thread(target=trickle, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class TestCheckoutSessions:
    def test_it_returns_what_stripe_made(self, stripe: StandIn, service: StripeService) -> None:
        request = build_request(stripe)
        made = service.create_checkout_session(request)
        assert (made.mode, made.status, made.payment_status) == ("payment", "open", "unpaid")
        assert (made.amount_total, made.currency, made.livemode) == (3900, "usd", False)
        assert (made.customer_id, made.client_reference_id) == (request.customer_id, "41")
        assert made.metadata == {"purchaseId": "41", "app": "payapp"}
        assert abs(made.expires_at - request.expires_at) < timedelta(seconds=1)
        assert str(made.url).startswith("http")
        assert service.get_checkout_session(made.id) == made
        assert service.get_checkout_session(made.id, is_quick=True) == made

    def test_the_same_key_returns_the_same_one(self, stripe: StandIn, service: StripeService) -> None:
        request = build_request(stripe)
        assert service.create_checkout_session(request) == service.create_checkout_session(request)

    def test_the_same_key_with_other_parameters_is_burnt(self, stripe: StandIn, service: StripeService) -> None:
        request = build_request(stripe)
        service.create_checkout_session(request)
        with pytest.raises(BurntKeyError):
            service.create_checkout_session(replace(request, unit_amount=4000))

    def test_an_expired_one_has_no_address(self, stripe: StandIn, service: StripeService) -> None:
        made = service.create_checkout_session(build_request(stripe))
        service.expire_checkout_session(made.id)
        expired = service.get_checkout_session(made.id)
        assert (expired.status, expired.url) == ("expired", None)
        with pytest.raises(StripeRefusedError):
            service.expire_checkout_session(made.id)

    def test_a_paid_one_names_its_payment(self, stripe: StandIn, service: StripeService) -> None:
        made = service.create_checkout_session(build_request(stripe))
        stripe.pay(made.id)
        paid = service.get_checkout_session(made.id)
        assert (paid.status, paid.payment_status) == ("complete", "paid")
        assert str(paid.payment_intent_id).startswith("pi_")
        assert paid.payment_intent_status is None
        assert service.get_checkout_session(made.id, with_payment=True) == replace(
            paid, payment_intent_status="succeeded"
        )

    def test_one_that_is_not_there_is_refused(self, service: StripeService) -> None:
        with pytest.raises(StripeRefusedError) as refused:
            service.get_checkout_session("cs_test_nothing")
        assert refused.value.code == "resource_missing"


class TestReadingObjects:
    @pytest.mark.parametrize(
        "changed",
        [
            {"object": "payment_intent"},
            {"id": None},
            {"id": ""},
            {"status": None},
            {"metadata": "text"},
            {"expires_at": "tomorrow"},
            {"expires_at": 10**30},
            {"customer": {}},
        ],
    )
    def test_what_is_no_checkout_session_is_refused(
        self, stripe: StandIn, service: StripeService, changed: dict[str, Any]
    ) -> None:
        made = service.create_checkout_session(build_request(stripe))
        source = stripe.get(f"/v1/checkout/sessions/{made.id}")
        assert CheckoutSession.from_object(source) == made
        with pytest.raises(MalformedObjectError):
            CheckoutSession.from_object(source | changed)

    def test_an_expanded_customer_is_its_id(self, stripe: StandIn, service: StripeService) -> None:
        made = service.create_checkout_session(build_request(stripe))
        expanded = stripe.get(f"/v1/checkout/sessions/{made.id}", **{"expand[]": "customer"})
        assert expanded["customer"]["object"] == "customer"
        assert CheckoutSession.from_object(expanded) == made


def test_the_mode_is_that_of_the_key() -> None:
    assert [StripeService(key, []).is_livemode for key in ("sk_live_1", "rk_live_1", "sk_test_1", "rk_test_1")] == [
        True,
        True,
        False,
        False,
    ]

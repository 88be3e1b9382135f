"""What the wall makes of Stripe's errors, and of answers that are none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import (
    BurntKeyError,
    StripeRefusedError,
    StripeServiceError,
    StripeUnavailableError,
)
from payapp.stripe_types.requests import CheckoutRequest
from tests.processes import SECRET_KEY
from tests.stand_in import CREATE_CHECKOUT_SESSION, GET_CHECKOUT_SESSION, StandIn
from tests.stripe_service.answering import Answering


@pytest.mark.parametrize("fault", ["500", "502", "reset", "refused"])
def test_no_clear_answer_is_tried_once_more(stripe: StandIn, service: StripeService, fault: str) -> None:
    stripe.arm(GET_CHECKOUT_SESSION, fault, count=10)
    with pytest.raises(StripeUnavailableError):
        service.get_checkout_session("cs_test_1")
    assert len(stripe.list_requests("GET /v1/checkout/sessions/cs_test_1")) == 2


@pytest.mark.parametrize("fault", ["500", "reset"])
def test_a_lost_answer_is_fetched_with_the_same_key(stripe: StandIn, service: StripeService, fault: str) -> None:
    stripe.arm(CREATE_CHECKOUT_SESSION, fault, when="after")
    customer_id = stripe.post("/v1/customers", email="ada@example.com")["id"]
    made = service.create_checkout_session(replace(REQUEST, idempotency_key=uuid4().hex, customer_id=customer_id))
    first, second = stripe.list_requests(CREATE_CHECKOUT_SESSION)
    assert first["idempotency_key"] == second["idempotency_key"]
    assert [found["id"] for found in stripe.list_checkout_sessions(str(made.customer_id))] == [made.id]


def test_too_many_requests_may_be_tried_later(stripe: StandIn, service: StripeService) -> None:
    stripe.arm(GET_CHECKOUT_SESSION, "429", count=10)
    with pytest.raises(StripeUnavailableError):
        service.get_checkout_session("cs_test_1")


def test_nobody_listens() -> None:
    with pytest.raises(StripeUnavailableError):
        StripeService(SECRET_KEY, [], "http://localhost:9").get_checkout_session("cs_test_1")


def test_a_wrong_key_is_refused_and_not_told(stripe: StandIn) -> None:
    service = StripeService("pk_test_0123456789", [], stripe.url)
    with pytest.raises(StripeRefusedError) as refused:
        service.get_checkout_session("cs_test_1")
    assert "0123456789" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (409, {"type": "idempotency_error", "code": "idempotency_key_in_use"}, {}, StripeUnavailableError),
        (400, {"type": "idempotency_error"}, {}, BurntKeyError),
        (500, {"type": "api_error"}, {}, StripeUnavailableError),
        (500, {"type": "api_error"}, {"Idempotent-Replayed": "true"}, BurntKeyError),
        (402, {"type": "card_error", "code": "card_declined"}, {"Idempotent-Replayed": "true"}, StripeRefusedError),
        (403, {"type": "invalid_request_error"}, {}, StripeRefusedError),
        (503, "<html>down</html>", {}, StripeUnavailableError),
        (200, "<html>a hotel's login page</html>", {}, StripeServiceError),
        (200, {"object": "checkout.session"}, {}, StripeServiceError),
    ],
)
def test_every_answer_has_its_meaning(
    status: int, body: Any, headers: dict[str, str], expected: type[Exception]
) -> None:
    told = body if status == 200 or isinstance(body, str) else {"error": body}
    with Answering(lambda _: (status, told, headers)) as address, pytest.raises(StripeServiceError) as raised:
        StripeService(SECRET_KEY, [], address).create_checkout_session(REQUEST)
    assert isinstance(raised.value, expected)
    if expected is StripeUnavailableError:
        assert not isinstance(raised.value, BurntKeyError)


REQUEST = CheckoutRequest(
    "key",
    "cus_1",
    "1",
    "Growth",
    3900,
    "usd",
    "",
    "http://a.example",
    "http://a.example",
    datetime.now(UTC) + timedelta(hours=1),
    {},
)

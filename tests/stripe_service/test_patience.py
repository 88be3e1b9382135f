"""Patience: which calls are tried again, how long, and how long the pauses are."""

from collections.abc import Callable
from typing import Any

import pytest

from payapp.stripe_service import Patience, StripeService
from payapp.stripe_types.objects import StripeRefusedError, StripeUnavailableError
from tests.processes import SECRET_KEY
from tests.stand_in import GET_CHECKOUT_SESSION, StandIn
from tests.stripe_service.answering import Answer, Answering
from tests.stripe_service.requests import pay_for


class Failing:
    """Fails so often, then works."""

    def __init__(self, count: int, error: Exception) -> None:
        self.left, self.error, self.calls = count, error, 0

    def __call__(self) -> str:
        self.calls += 1
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return "good"


def pauses_of(ask: Callable[[], Any]) -> list[float]:
    """Return how long it would have slept between the calls, as the application has it."""
    pauses: list[float] = []
    assert Patience(sleep=pauses.append).call(ask) == "good"
    return pauses


def test_it_works() -> None:
    failing = Failing(3, StripeUnavailableError("busy"))
    assert len(pauses_of(failing)) == 3
    assert failing.calls == 4


def test_pauses_grow_up_to_a_limit() -> None:
    pauses = pauses_of(Failing(9, StripeUnavailableError("busy")))
    assert pauses[:5] == sorted(pauses[:5])
    assert 0.5 <= pauses[0] <= 1
    assert 8 <= pauses[4] <= 8.5
    assert max(pauses) == 16


def test_no_pause_is_shorter_than_stripe_asked_for() -> None:
    pauses = pauses_of(Failing(2, StripeUnavailableError("busy", 7)))
    assert pauses == [7, 7]


def test_it_gives_up_at_once_when_stripe_asks_for_more_than_it_has() -> None:
    failing = Failing(1, StripeUnavailableError("busy", 3600))
    with pytest.raises(StripeUnavailableError):
        Patience(sleep=lambda _: None).call(failing)
    assert failing.calls == 1


def test_a_refusal_is_final() -> None:
    failing = Failing(1, StripeRefusedError("no", "resource_missing"))
    with pytest.raises(StripeRefusedError):
        Patience(sleep=lambda _: None).call(failing)
    assert failing.calls == 1


@pytest.mark.parametrize(("fault", "count"), [("429", 3), ("500", 3), ("reset", 3), ("lock_timeout", 2)])
def test_single_objects_are_fetched_through_trouble(
    stripe: StandIn, service: StripeService, fault: str, count: int
) -> None:
    paid = pay_for(stripe, service)
    refund = service.create_refund(str(paid.payment_intent_id), 900, idempotency_key=f"{fault}:{paid.id}")
    stripe.arm("GET /v1/refunds/{refund_id}", fault, count=count)
    assert service.get_refund(refund.id) == refund
    stripe.arm(GET_CHECKOUT_SESSION, fault, count=count)
    assert service.get_checkout_session(paid.id, with_payment=True).id == paid.id


def test_a_page_is_not_kept_waiting(stripe: StandIn, service: StripeService) -> None:
    stripe.arm(GET_CHECKOUT_SESSION, "429", count=10)
    with pytest.raises(StripeUnavailableError):
        service.get_checkout_session("cs_test_1")
    assert len(stripe.list_requests("GET /v1/checkout/sessions/cs_test_1")) == 1


@pytest.mark.parametrize(("told", "understood"), [("7", 7), ("Fri, 31 Dec 2027 23:59:59 GMT", None), ("-1", None)])
def test_stripes_wish_is_read(told: str, understood: int | None) -> None:
    answer: Answer = (429, {"error": {"message": "Too many requests"}}, {"Retry-After": told})
    with Answering(lambda _: answer) as address, pytest.raises(StripeUnavailableError) as busy:
        StripeService(SECRET_KEY, [], address).get_checkout_session("cs_test_1")
    assert busy.value.retry_after_seconds == understood

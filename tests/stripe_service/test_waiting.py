"""However many wait for a silent Stripe, a few threads of the process are left for everybody else."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from payapp.stripe_service import StripeService
from payapp.stripe_service.connection import WAITING_MAX
from payapp.stripe_types.objects import StripeUnavailableError


def test_one_too_many_is_refused_at_once() -> None:
    service = StripeService("sk_test_x", [], "")
    waiting, answered = [Event() for _ in range(WAITING_MAX)], Event()

    def wait_for_stripe(began: Event) -> bool:
        began.set()
        return answered.wait(20)

    with ThreadPoolExecutor(WAITING_MAX) as threads:
        calls = [threads.submit(service._ask, lambda began=began: wait_for_stripe(began)) for began in waiting]
        assert all(began.wait(20) for began in waiting)
        with pytest.raises(StripeUnavailableError, match="wait for Stripe already"):
            service._ask(lambda: True)
        answered.set()
        assert all(call.result(20) for call in calls)
    assert service._ask(lambda: True)


def test_who_was_refused_or_has_failed_leaves_no_place_taken() -> None:
    service = StripeService("sk_test_x", [], "")

    def fail() -> None:
        raise KeyError

    for _ in range(2 * WAITING_MAX):
        with pytest.raises(KeyError):
            service._ask(fail)
    assert service._ask(lambda: True)

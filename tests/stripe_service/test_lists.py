"""The wall's long lists: page by page, patiently, and strangers' odd objects are named, never fatal."""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from payapp.database.clock import utc_now
from payapp.stripe_service import Patience, StripeService
from payapp.stripe_service.pages import Item
from payapp.stripe_types.objects import Page, StripeUnavailableError
from tests.processes import SECRET_KEY
from tests.stand_in import StandIn
from tests.stripe_service.answering import Answer, Answering
from tests.stripe_service.requests import build_request, pay_for

ALWAYS = datetime(2020, 1, 1, tzinfo=UTC)


def items_of(pages: Iterator[Page[Item]]) -> list[Item]:
    return [item for page in pages for item in page.items]


class TestCheckoutSessions:
    def test_they_come_newest_first_with_the_state_of_their_payment(
        self, stripe: StandIn, service: StripeService
    ) -> None:
        paid, opened = pay_for(stripe, service), service.create_checkout_session(build_request(stripe))
        newest, older = items_of(service.list_checkout_sessions())[:2]
        assert newest == opened
        assert (older.id, older.payment_intent_id, older.payment_intent_status) == (
            paid.id,
            paid.payment_intent_id,
            "succeeded",
        )

    def test_a_slow_payment_is_known_to_be_under_way(self, stripe: StandIn, service: StripeService) -> None:
        slow = service.create_checkout_session(build_request(stripe))
        stripe.pay(slow.id, "settles")
        newest = items_of(service.list_checkout_sessions())[0]
        assert (newest.status, newest.payment_status, newest.payment_intent_status) == (
            "complete",
            "unpaid",
            "processing",
        )

    def test_only_those_made_since_then(self, stripe: StandIn, service: StripeService) -> None:
        made = service.create_checkout_session(build_request(stripe))
        assert made in items_of(service.list_checkout_sessions(utc_now() - timedelta(minutes=5)))
        assert made in items_of(service.list_checkout_sessions(ALWAYS))
        assert items_of(service.list_checkout_sessions(utc_now() + timedelta(days=1))) == []


class TestRefundsAndDisputes:
    def test_they_are_listed(self, stripe: StandIn, service: StripeService) -> None:
        paid = str(pay_for(stripe, service).payment_intent_id)
        refund = service.create_refund(paid, 900, idempotency_key=uuid4().hex)
        other = str(pay_for(stripe, service).payment_intent_id)
        dispute = service.get_dispute(str(stripe.control("disputes", payment_intent=other)["id"]))
        since = utc_now() - timedelta(minutes=5)
        assert refund in items_of(service.list_refunds(since))
        assert dispute in items_of(service.list_disputes(since))
        later = utc_now() + timedelta(days=1)
        assert items_of(service.list_refunds(later)) == []
        assert items_of(service.list_disputes(later)) == []


def refund_object(number: int) -> dict[str, object]:
    return {
        "id": f"re_{number}",
        "object": "refund",
        "status": "succeeded",
        "amount": 900,
        "currency": "usd",
        "payment_intent": f"pi_{number}",
        "charge": f"ch_{number}",
        "created": 1_800_000_000,
        "metadata": {"noise": "x" * 500},
    }


class ManyRefunds:
    """An account with so many refunds, of which every 40th is a stranger's and can't be read."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.queries: list[dict[str, str]] = []

    def __call__(self, query: dict[str, str]) -> Answer:
        self.queries.append(query)
        first = int(query["starting_after"].removeprefix("re_")) + 1 if "starting_after" in query else 0
        numbers = range(first, min(first + int(query["limit"]), self.count))
        data = [refund_object(number) | ({"amount": "odd"} if number % 40 == 0 else {}) for number in numbers]
        body = {"object": "list", "url": "/v1/refunds", "data": data, "has_more": numbers.stop < self.count}
        return 200, body, {}


class TestPages:
    def test_each_page_is_asked_for_when_the_last_is_done_with(self) -> None:
        refunds = ManyRefunds(250)
        with Answering(refunds) as address:
            pages = StripeService(SECRET_KEY, [], address).list_refunds(ALWAYS)
            assert refunds.queries == []
            assert (len(next(pages).items), len(refunds.queries)) == (97, 1)
            assert [len(page.items) for page in pages] == [98, 48]
        assert [(query["limit"], query.get("starting_after")) for query in refunds.queries] == [
            ("100", None),
            ("100", "re_99"),
            ("100", "re_199"),
        ]
        assert {query["created[gte]"] for query in refunds.queries} == {str(int(ALWAYS.timestamp()))}

    def test_what_cannot_be_read_is_named_and_the_rest_is_read(self) -> None:
        with Answering(ManyRefunds(100)) as address:
            [page] = StripeService(SECRET_KEY, [], address).list_refunds()
        assert page.unreadable == ["re_0", "re_40", "re_80"]
        assert "re_41" in [refund.id for refund in page.items]

    def test_an_empty_account_has_one_empty_page(self) -> None:
        with Answering(ManyRefunds(0)) as address:
            assert list(StripeService(SECRET_KEY, [], address).list_refunds()) == [Page([], [])]

    def test_memory_does_not_grow_with_their_number(self) -> None:
        assert peak_bytes(20) < 1.3 * peak_bytes(5)


def peak_bytes(pages: int) -> int:
    """Return the most memory that reading so many pages took at once."""
    with Answering(ManyRefunds(pages * 100)) as address:
        read = StripeService(SECRET_KEY, [], address).list_refunds()
        next(read)  # what is loaded once is not counted
        tracemalloc.start()
        assert sum(len(page.items) for page in read) > 0
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


class TestPatience:
    @pytest.mark.parametrize(("fault", "count"), [("429", 3), ("500", 5), ("502", 4), ("reset", 5), ("refused", 4)])
    def test_trouble_in_the_middle_of_a_list_is_waited_out(
        self, stripe: StandIn, service: StripeService, fault: str, count: int
    ) -> None:
        paid = pay_for(stripe, service)
        stripe.arm("GET /v1/checkout/sessions", fault, count=count)
        assert paid.id in [found.id for found in items_of(service.list_checkout_sessions(ALWAYS))]

    def test_it_ends(self, stripe: StandIn) -> None:
        impatient = StripeService(SECRET_KEY, [], stripe.url, patience=Patience(seconds_max=0.2, pause_seconds=0.01))
        stripe.arm("GET /v1/refunds", "429", count=1000)
        with pytest.raises(StripeUnavailableError):
            next(impatient.list_refunds())
        assert 3 < len(stripe.list_requests("GET /v1/refunds")) < 10

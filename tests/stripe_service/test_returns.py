"""The wall: refunds and disputes."""

from uuid import uuid4

import pytest

from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import StripeRefusedError, StripeUnavailableError
from tests.stand_in import StandIn
from tests.stripe_service.requests import pay_for

CREATE_REFUND = "POST /v1/refunds"


@pytest.fixture
def paid(stripe: StandIn, service: StripeService) -> str:
    """The payment intent of a Checkout that was paid with 39.00."""
    return str(pay_for(stripe, service).payment_intent_id)


class TestRefunds:
    def test_it_returns_what_stripe_made(self, stripe: StandIn, service: StripeService, paid: str) -> None:
        made = service.create_refund(paid, 900, idempotency_key="refund:1:1")
        assert (made.status, made.amount, made.currency, made.payment_intent_id) == ("succeeded", 900, "usd", paid)
        assert made.metadata == {"app": "payapp", "refundKey": "refund:1:1"}
        assert stripe.list_requests(CREATE_REFUND)[0]["idempotency_key"] == "refund:1:1"
        assert service.get_refund(made.id) == made

    def test_the_same_key_returns_the_same_one(self, service: StripeService, paid: str) -> None:
        key = uuid4().hex
        assert service.create_refund(paid, 900, idempotency_key=key) == service.create_refund(
            paid, 900, idempotency_key=key
        )

    def test_it_is_found_by_its_key(self, stripe: StandIn, service: StripeService, paid: str) -> None:
        key = uuid4().hex
        assert service.find_refund(paid, key) is None
        stripe.arm(CREATE_REFUND, "reset", when="after", count=2)
        with pytest.raises(StripeUnavailableError):
            service.create_refund(paid, 900, idempotency_key=key)
        stripe.post("/v1/refunds", payment_intent=paid, amount=100)
        found = service.find_refund(paid, key)
        assert found is not None
        assert (found.amount, found.metadata["refundKey"]) == (900, key)
        assert service.find_refund(paid, "another key") is None

    def test_more_than_was_paid_is_refused(self, service: StripeService, paid: str) -> None:
        with pytest.raises(StripeRefusedError):
            service.create_refund(paid, 4000, idempotency_key=uuid4().hex)

    def test_all_of_it_can_go_back_once(self, service: StripeService, paid: str) -> None:
        service.create_refund(paid, 3900, idempotency_key=uuid4().hex)
        with pytest.raises(StripeRefusedError) as refused:
            service.create_refund(paid, 3900, idempotency_key=uuid4().hex)
        assert refused.value.code == "charge_already_refunded"

    def test_one_that_is_not_there_is_refused(self, service: StripeService) -> None:
        with pytest.raises(StripeRefusedError) as refused:
            service.get_refund("re_nothing")
        assert refused.value.code == "resource_missing"


class TestDisputes:
    def test_it_returns_it_as_it_is_now(self, stripe: StandIn, service: StripeService, paid: str) -> None:
        dispute_id = str(stripe.control("disputes", payment_intent=paid)["id"])
        begun = service.get_dispute(dispute_id)
        assert (begun.status, begun.amount, begun.reinstated) == ("needs_response", 3900, 0)
        assert (begun.payment_intent_id, begun.currency) == (paid, "usd")
        stripe.control(f"disputes/{dispute_id}/win")
        won = service.get_dispute(dispute_id)
        assert (won.status, won.reinstated) == ("won", 3900)

    def test_one_that_is_not_there_is_refused(self, service: StripeService) -> None:
        with pytest.raises(StripeRefusedError) as refused:
            service.get_dispute("dp_nothing")
        assert refused.value.code == "resource_missing"


class TestEvents:
    def test_it_returns_the_event_with_stripes_own_text(
        self, stripe: StandIn, service: StripeService, paid: str
    ) -> None:
        made = service.create_refund(paid, 900, idempotency_key=uuid4().hex)
        listed = stripe.get("/v1/events", type="refund.created", limit="100")["data"]
        [source] = [event for event in listed if event["data"]["object"]["id"] == made.id]
        event = service.get_event(source["id"])
        assert (event.id, event.event_type, event.object) == (source["id"], "refund.created", source["data"]["object"])
        assert type(event).from_payload(event.payload) == event

    def test_one_that_is_not_there_is_refused(self, service: StripeService) -> None:
        with pytest.raises(StripeRefusedError):
            service.get_event("evt_nothing")

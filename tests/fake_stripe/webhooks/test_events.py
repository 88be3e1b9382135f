import time

import pytest
import stripe

from tests.fake_stripe.objects import create_customer, create_price, create_session
from tests.fake_stripe.processes import StandInProcess

PAID_EVENTS = {
    "payment_intent.created",
    "charge.succeeded",
    "charge.updated",
    "payment_intent.succeeded",
    "checkout.session.completed",
}


def types_since(client: stripe.StripeClient, event_id: str) -> list[str]:
    return [event.type for event in client.v1.events.list({"ending_before": event_id, "limit": 100}).data]


@pytest.fixture
def marker(client: stripe.StripeClient) -> str:
    """The id of the newest event: what comes after it belongs to the test."""
    create_customer(client, "marker@example.com")
    return str(client.v1.events.list({"limit": 1}).data[0].id)


def test_it_makes_one_event_for_each_thing_that_happens(
    client: stripe.StripeClient, stand_in: StandInProcess, marker: str
) -> None:
    stand_in.pay(create_session(client), "paid")
    types = types_since(client, marker)
    assert set(types) == PAID_EVENTS
    assert len(types) == len(PAID_EVENTS)


def test_it_tells_of_a_decline(client: stripe.StripeClient, stand_in: StandInProcess, marker: str) -> None:
    stand_in.pay(create_session(client), "declined")
    assert set(types_since(client, marker)) == {
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    }


def test_it_tells_of_customers_products_and_prices(client: stripe.StripeClient, marker: str) -> None:
    customer = create_customer(client)
    client.v1.customers.update(customer.id, {"name": "Ada"})
    client.v1.customers.delete(customer.id)
    price = create_price(client)
    client.v1.prices.update(price.id, {"nickname": "x"})
    client.v1.products.update(price.product, {"name": "y"})
    expected = ["customer.created", "customer.updated", "customer.deleted", "product.created"]
    assert types_since(client, marker)[::-1] == [*expected, "price.created", "price.updated", "product.updated"]


def test_it_keeps_the_snapshot_of_the_moment(client: stripe.StripeClient) -> None:
    customer = create_customer(client, "before@example.com")
    client.v1.customers.update(customer.id, {"email": "after@example.com", "metadata": {"a": "1"}})
    newest, created = client.v1.events.list({"type": "customer.*", "limit": 2}).data
    assert created.data.object["email"] == "before@example.com"
    assert newest.data.object["email"] == "after@example.com"
    previous = newest.data.previous_attributes
    assert previous is not None
    assert previous.to_dict() == {"email": "before@example.com", "metadata": {"a": None}}


def test_it_names_the_request_that_caused_it(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({}, {"idempotency_key": f"cause-{time.time()}"})
    event = client.v1.events.list({"limit": 1}).data[0]
    assert event.request.id == customer.last_response.request_id  # type: ignore[union-attr]
    assert event.request.idempotency_key.startswith("cause-")  # type: ignore[union-attr]
    assert event.api_version == stripe.api_version


def test_it_makes_no_event_when_nothing_changes(client: stripe.StripeClient, marker: str) -> None:
    customer = client.v1.customers.create({"name": "Same"})
    client.v1.customers.update(customer.id, {"name": "Same"})
    assert types_since(client, marker) == ["customer.created"]


def test_it_filters_by_types_and_time(client: stripe.StripeClient) -> None:
    create_customer(client)
    create_price(client)
    listed = client.v1.events.list({"types": ["price.created", "product.created"], "limit": 5}).data
    assert {event.type for event in listed} <= {"price.created", "product.created"}
    assert listed
    assert client.v1.events.list({"created": {"gt": int(time.time()) + 5}}).data == []


def test_it_refuses_type_and_types_together(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.events.list({"type": "price.created", "types": ["price.created"]})
    assert caught.value.http_status == 400

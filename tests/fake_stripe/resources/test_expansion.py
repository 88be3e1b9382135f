import pytest
import stripe

from tests.fake_stripe.objects import create_customer, create_session
from tests.fake_stripe.processes import StandInProcess


def test_it_expands_in_lists(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    customer = create_customer(client, "expanded@example.com").id
    stand_in.pay(create_session(client, customer=customer), "paid")
    params = {"customer": customer, "expand": ["data.customer", "data.payment_intent.payment_method"]}
    found = client.v1.checkout.sessions.list(params).data[0]  # type: ignore[arg-type]
    assert found.customer.email == "expanded@example.com"  # type: ignore[union-attr]
    assert found.payment_intent.payment_method.card.last4 == "4242"  # type: ignore[union-attr]


def test_it_expands_in_the_answer_of_a_creation(client: stripe.StripeClient) -> None:
    made = create_session(client, customer=create_customer(client).id, expand=["customer"])
    assert made.customer.email == "ada@example.com"


@pytest.mark.parametrize("path", ["email", "customer.email", "line_items.data.price.product.x", "nothing"])
def test_it_rejects_what_cannot_be_expanded(client: stripe.StripeClient, path: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create_session(client, customer=create_customer(client).id, expand=[path])
    assert (caught.value.http_status, caught.value.param) == (400, "expand")

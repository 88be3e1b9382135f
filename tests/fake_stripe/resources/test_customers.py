import pytest
import stripe

from tests.fake_stripe.objects import create_customer
from tests.fake_stripe.processes import StandInProcess


def test_it_works(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"email": "ada@example.com", "name": "Ada", "metadata": {"userId": "7"}})
    found = client.v1.customers.retrieve(made.id)
    assert made.id.startswith("cus_")
    assert (found.email, found.name, found.livemode) == ("ada@example.com", "Ada", False)
    assert found.to_dict()["metadata"] == {"userId": "7"}


def test_it_does_not_deduplicate_by_email(client: stripe.StripeClient) -> None:
    assert create_customer(client, "twin@example.com").id != create_customer(client, "twin@example.com").id


def test_it_lists_by_exact_email(client: stripe.StripeClient) -> None:
    wanted = create_customer(client, "only-me@example.com")
    create_customer(client, "not-only-me@example.com")
    page = client.v1.customers.list({"email": "only-me@example.com"})
    assert [customer.id for customer in page.data] == [wanted.id]
    assert client.v1.customers.list({"email": "Only-me@example.com"}).data == []


def test_it_updates_what_is_sent_and_merges_metadata(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"email": "old@example.com", "name": "A", "metadata": {"a": "1", "b": "2"}})
    changed = client.v1.customers.update(made.id, {"email": "new@example.com", "metadata": {"b": "", "c": "3"}})
    assert (changed.email, changed.name) == ("new@example.com", "A")
    assert changed.to_dict()["metadata"] == {"a": "1", "c": "3"}


def test_it_unsets_all_metadata_with_an_empty_string(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"metadata": {"a": "1"}})
    assert client.v1.customers.update(made.id, {"metadata": ""}).to_dict()["metadata"] == {}


def test_it_keeps_a_deleted_customer_retrievable(client: stripe.StripeClient) -> None:
    made = create_customer(client, "leaving@example.com")
    assert client.v1.customers.delete(made.id).deleted is True
    found = client.v1.customers.retrieve(made.id).to_dict()
    assert found == {"id": made.id, "object": "customer", "deleted": True}
    assert client.v1.customers.list({"email": "leaving@example.com"}).data == []


def test_it_refuses_to_change_a_deleted_customer(client: stripe.StripeClient, stand_in: StandInProcess) -> None:
    made = create_customer(client)
    client.v1.customers.delete(made.id)
    for method, form in (("POST", {"name": "x"}), ("DELETE", None)):
        answer = stand_in.api(method, f"/v1/customers/{made.id}", form)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "resource_missing")


@pytest.mark.parametrize(
    "email",
    [
        "ada",
        "ada@",
        "@example.com",
        "a da@example.com",
        "ada@example",
        "a@b@c.com",
        "jos\u00e9@example.com",
        "ada@b\u00fccher.example",
        "ada@example..com",
        "ada@-example.com",
        "ada@exa_mple.com",
        "a,b@example.com",
    ],
)
def test_it_rejects_what_is_no_email(client: stripe.StripeClient, email: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.create({"email": email})
    assert (caught.value.code, caught.value.param) == ("email_invalid", "email")


@pytest.mark.parametrize("kind", ["customers", "prices", "products", "payment_intents"])
def test_it_says_that_it_can_not_search(client: stripe.StripeClient, kind: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=f"does not implement `GET /v1/{kind}/search`") as refused:
        getattr(client.v1, kind).search({"query": "email:'ada@example.com'"})
    assert (refused.value.code, refused.value.http_status) == ("stand_in_not_implemented", 400)

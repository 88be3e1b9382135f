import pytest
import stripe


def test_it_works(client: stripe.StripeClient) -> None:
    made = client.v1.products.create({"name": "Starter package", "metadata": {"app": "payapp"}})
    found = client.v1.products.retrieve(made.id)
    assert (found.name, found.active, found.type) == ("Starter package", True, "service")


def test_it_updates_and_lists_by_activity(client: stripe.StripeClient) -> None:
    made = client.v1.products.create({"name": "Old package"})
    client.v1.products.update(made.id, {"active": False, "description": "No longer sold"})
    inactive = client.v1.products.list({"active": False, "limit": 100}).data
    active = client.v1.products.list({"active": True, "limit": 100}).data
    assert [one.description for one in inactive if one.id == made.id] == ["No longer sold"]
    assert made.id not in [one.id for one in active]


def test_it_lists_by_ids(client: stripe.StripeClient) -> None:
    made = [client.v1.products.create({"name": str(number)}).id for number in range(3)]
    assert {one.id for one in client.v1.products.list({"ids": made[:2]}).data} == set(made[:2])


def test_it_requires_a_name(stand_in: object, client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.products.create({})  # type: ignore[typeddict-item]
    assert (caught.value.code, caught.value.param) == ("parameter_missing", "name")

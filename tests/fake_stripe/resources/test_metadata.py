import pytest
import stripe


def test_it_takes_fifty_keys_and_long_values(client: stripe.StripeClient) -> None:
    metadata = {f"{'k' * 37}{number:03}": "v" * 500 for number in range(50)}
    assert client.v1.customers.create({"metadata": metadata}).metadata.to_dict() == metadata  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "metadata",
    [{f"k{number}": "v" for number in range(51)}, {"k" * 41: "v"}, {"k": "v" * 501}],
    ids=["51 keys", "41 characters in a key", "501 characters in a value"],
)
def test_it_rejects_more(client: stripe.StripeClient, metadata: dict[str, str]) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.create({"metadata": metadata})
    assert str(caught.value.param).startswith("metadata")


def test_it_counts_what_is_there_already(client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"metadata": {f"k{number}": "v" for number in range(50)}})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.update(made.id, {"metadata": {"one more": "v"}})
    swapped = client.v1.customers.update(made.id, {"metadata": {"k0": "", "one more": "v"}})
    assert len(swapped.metadata.to_dict()) == 50  # type: ignore[union-attr]


def test_it_keeps_any_letters(client: stripe.StripeClient) -> None:
    metadata = {"näme & more": '50 % = ½, 💶\n"quoted"', "plus+sign": "a+b c"}
    assert client.v1.customers.create({"metadata": metadata}).metadata.to_dict() == metadata  # type: ignore[union-attr]

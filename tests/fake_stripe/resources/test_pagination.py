import pytest
import stripe

from tests.fake_stripe.objects import create_customer
from tests.fake_stripe.processes import StandInProcess


@pytest.fixture(scope="module")
def customers(stand_in: StandInProcess) -> list[str]:
    """Seven customers of one e-mail address, oldest first."""
    return [create_customer(stand_in.client(), "many@example.com").id for _ in range(7)]


def page(client: stripe.StripeClient, **params: object) -> tuple[list[str], bool]:
    found = client.v1.customers.list({"email": "many@example.com", **params})  # type: ignore[arg-type]
    return [one.id for one in found.data], found.has_more


def test_it_lists_newest_first(client: stripe.StripeClient, customers: list[str]) -> None:
    assert page(client) == (customers[::-1], False)


def test_it_goes_on_after_a_cursor(client: stripe.StripeClient, customers: list[str]) -> None:
    newest = customers[::-1]
    assert page(client, limit=3) == (newest[:3], True)
    assert page(client, limit=3, starting_after=newest[2]) == (newest[3:6], True)
    assert page(client, limit=3, starting_after=newest[5]) == (newest[6:], False)


def test_it_goes_back_before_a_cursor(client: stripe.StripeClient, customers: list[str]) -> None:
    newest = customers[::-1]
    assert page(client, limit=2, ending_before=newest[4]) == (newest[2:4], True)
    assert page(client, limit=5, ending_before=newest[2]) == (newest[:2], False)


def test_the_sdk_walks_through_all_pages(client: stripe.StripeClient, customers: list[str]) -> None:
    found = client.v1.customers.list({"email": "many@example.com", "limit": 2})
    assert [one.id for one in found.auto_paging_iter()] == customers[::-1]


def test_a_cursor_that_was_deleted_still_marks_its_place(client: stripe.StripeClient) -> None:
    made = [create_customer(client, "gone@example.com").id for _ in range(3)]
    client.v1.customers.delete(made[1])
    found = client.v1.customers.list({"email": "gone@example.com", "starting_after": made[1]})
    assert [one.id for one in found.data] == [made[0]]


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_it_rejects_a_limit_beyond_1_to_100(client: stripe.StripeClient, limit: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.list({"limit": limit})
    assert (caught.value.code, caught.value.param) == ("parameter_invalid_integer", "limit")


def test_it_rejects_an_unknown_cursor(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.list({"starting_after": "cus_nobody"})
    assert (caught.value.code, caught.value.param) == ("resource_missing", "starting_after")


def test_it_rejects_two_cursors(client: stripe.StripeClient, customers: list[str]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.list({"starting_after": customers[0], "ending_before": customers[1]})

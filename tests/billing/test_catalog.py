"""Publishing the package list at Stripe, and comparing the two. No database is asked."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from payapp.billing import catalog
from payapp.billing.catalog import PackageAtStripe, compare_packages, publish_packages
from payapp.billing.packages import PACKAGES
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import StripeUnavailableError
from tests.processes import SECRET_KEY
from tests.stand_in import StandIn, running_stand_in


@pytest.fixture(scope="module")
def shared_stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A stand-in of this module's own: lookup keys are the account's, not a user's."""
    with running_stand_in(tmp_path_factory.mktemp("catalog")) as stand_in:
        yield stand_in


@pytest.fixture
def stripe(shared_stripe: StandIn) -> StandIn:
    """The stand-in as if nothing had ever been published."""
    shared_stripe.reset()
    shared_stripe.forget_keys()
    for price in list_prices(shared_stripe):
        shared_stripe.post(f"/v1/prices/{price['id']}", active="false")
    return shared_stripe


@pytest.fixture
def service(stripe: StandIn) -> StripeService:
    return StripeService(SECRET_KEY, [], stripe.url)


def list_prices(stripe: StandIn) -> list[dict[str, Any]]:
    return list(stripe.get("/v1/prices", active="true", limit="100")["data"])


def ids_of(packages: list[PackageAtStripe]) -> dict[str, str]:
    return {package.package_id: str(package.stripe_price_id) for package in packages}


def change_growth(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    changed = tuple(replace(package, **changes) if package.id == "growth" else package for package in PACKAGES)
    monkeypatch.setattr(catalog, "PACKAGES", changed)


def test_publish_works(stripe: StandIn, service: StripeService) -> None:
    published = publish_packages(service)
    made = {price["id"]: price for price in list_prices(stripe)}
    assert [package.package_id for package in published] == ["starter", "growth", "pro"]
    for package, ours in zip(published, PACKAGES, strict=True):
        price = made[str(package.stripe_price_id)]
        assert (price["unit_amount"], price["currency"], price["type"]) == (ours.unit_amount, "usd", "one_time")
        assert (price["lookup_key"], price["metadata"]) == (ours.lookup_key, {"app": "payapp"})
        product = stripe.get(f"/v1/products/{price['product']}")
        assert (product["name"], product["active"]) == (f"{ours.name}: {ours.credits} credits", True)


def test_publish_makes_nothing_twice(stripe: StandIn, service: StripeService) -> None:
    assert publish_packages(service) == publish_packages(service)
    assert len(stripe.list_requests("POST /v1/prices")) == len(list_prices(stripe)) == 3


def test_publish_makes_nothing_twice_in_a_race(stripe: StandIn, service: StripeService) -> None:
    def publish(_: int) -> dict[str, str]:
        try:
            return ids_of(publish_packages(service))
        except StripeUnavailableError:  # the other one's call is still running
            return ids_of(publish_packages(service))

    with ThreadPoolExecutor(4) as operators:
        answers = list(operators.map(publish, range(4)))
    assert all(answer == answers[0] for answer in answers)
    assert len(list_prices(stripe)) == 3


def test_publish_replaces_a_price_that_has_changed_and_back(
    stripe: StandIn, service: StripeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ids_of(publish_packages(service))
    change_growth(monkeypatch, unit_amount=4500)
    second = ids_of(publish_packages(service))
    change_growth(monkeypatch, unit_amount=3900)
    third = ids_of(publish_packages(service))
    assert len({first["growth"], second["growth"], third["growth"]}) == 3
    assert first["pro"] == second["pro"] == third["pro"]
    by_key = {price["lookup_key"]: price for price in list_prices(stripe) if price["lookup_key"]}
    assert (by_key["payapp_growth"]["id"], by_key["payapp_growth"]["unit_amount"]) == (third["growth"], 3900)


def test_compare_is_content_with_what_was_published(service: StripeService) -> None:
    published = ids_of(publish_packages(service))
    for configured in ({}, published, {"growth": published["growth"], "pro": ""}):
        assert [package.problem for package in compare_packages(service, configured)] == [None] * 3


@pytest.mark.usefixtures("stripe")
def test_compare_is_content_with_inline_prices(service: StripeService) -> None:
    assert compare_packages(service, {"growth": ""}) == [PackageAtStripe(package.id, None) for package in PACKAGES]


def test_compare_is_content_with_a_price_made_by_hand(stripe: StandIn, service: StripeService) -> None:
    price_id = make_price(stripe, 3900)
    growth = compare_packages(service, {"growth": price_id})[1]
    assert growth == PackageAtStripe("growth", price_id)


def make_price(stripe: StandIn, unit_amount: int, currency: str = "usd") -> str:
    made = stripe.post("/v1/prices", currency=currency, unit_amount=unit_amount, **{"product_data[name]": "By hand"})
    return str(made["id"])


def test_compare_names_a_price_that_costs_something_else(stripe: StandIn, service: StripeService) -> None:
    for price_id, found in ((make_price(stripe, 390), "390 usd"), (make_price(stripe, 3900, "eur"), "3900 eur")):
        growth = compare_packages(service, {"growth": price_id})[1]
        assert growth == PackageAtStripe("growth", price_id, f"costs {found}, not 3900 usd")


def test_compare_names_a_published_price_that_is_outdated(
    service: StripeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = ids_of(publish_packages(service))
    change_growth(monkeypatch, unit_amount=4500)
    growth = compare_packages(service, {})[1]
    assert growth == PackageAtStripe("growth", published["growth"], "costs 3900 usd, not 4500 usd")


def test_compare_names_a_price_that_nobody_can_buy(stripe: StandIn, service: StripeService) -> None:
    price_id = make_price(stripe, 3900)
    stripe.post(f"/v1/prices/{price_id}", active="false")
    growth = compare_packages(service, {"growth": price_id})[1]
    assert growth.problem == "is not active: nobody can buy it"


@pytest.mark.usefixtures("stripe")
def test_compare_names_a_price_that_is_not(service: StripeService) -> None:
    growth = compare_packages(service, {"growth": "price_that_is_not"})[1]
    assert growth.problem is not None
    assert growth.problem.startswith("STRIPE_PRICE_GROWTH: ")
    assert "No such price" in growth.problem


def test_both_raise_when_stripe_is_down() -> None:
    service = StripeService(SECRET_KEY, [], "http://localhost:9")
    with pytest.raises(StripeUnavailableError):
        publish_packages(service)
    with pytest.raises(StripeUnavailableError):
        compare_packages(service, {})

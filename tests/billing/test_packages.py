"""The package list."""

import pytest

from payapp.billing.errors import UnknownPackageError
from payapp.billing.packages import PACKAGES, find_package, find_package_for, get_package


def test_it_is_what_the_contract_sells() -> None:
    assert [
        (package.id, package.name, package.credits, package.unit_amount, package.currency) for package in PACKAGES
    ] == [
        ("starter", "Starter", 100, 900, "usd"),
        ("growth", "Growth", 500, 3900, "usd"),
        ("pro", "Pro", 1500, 9900, "usd"),
    ]


def test_its_names_are_unique() -> None:
    for name in ("id", "name", "lookup_key"):
        assert len({getattr(package, name) for package in PACKAGES}) == len(PACKAGES)


def test_get_returns_a_package() -> None:
    assert get_package("growth").credits == 500


@pytest.mark.parametrize(
    "package_id", ["", "Growth", "growth ", None, 0, True, ["growth"], {"id": "growth"}, "\ud800", b"growth"]
)
def test_get_raises_for_anything_else(package_id: object) -> None:
    with pytest.raises(UnknownPackageError) as unknown:
        get_package(package_id)
    assert unknown.value.package_id == package_id
    assert find_package(package_id) is None


@pytest.mark.parametrize(
    ("credits_needed", "package_id"),
    [(1, "starter"), (100, "starter"), (101, "growth"), (501, "pro"), (1500, "pro"), (10**9, "pro")],
)
def test_find_for_returns_the_smallest_that_suffices(credits_needed: int, package_id: str) -> None:
    assert find_package_for(credits_needed).id == package_id

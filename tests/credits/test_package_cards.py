"""What the package cards say."""

from dataclasses import dataclass

import pytest

from payapp.billing.packages import PACKAGES
from payapp.credits.package_cards import build_package_cards


@dataclass(frozen=True)
class Sold:
    id: str
    credits: int
    unit_amount: int
    currency: str = "usd"
    name: str = "A package"


THREE = [Sold("starter", 100, 900), Sold("growth", 500, 3900), Sold("pro", 1500, 9900)]


def fitting(daily_pace: float | None) -> list[str]:
    return [card.id for card in build_package_cards(THREE, daily_pace) if card.fits]


def test_it_works() -> None:
    starter, growth, pro = build_package_cards(THREE, 37.2)
    assert (starter.price_per_credit, starter.saving, starter.days_of_use) == (
        "9.0¢ per credit",
        None,
        "About 2 days of use",
    )
    assert (growth.price_per_credit, growth.saving, growth.days_of_use) == (
        "7.8¢ per credit",
        "Save 13%",
        "About 13 days of use",
    )
    assert (pro.price_per_credit, pro.saving, pro.days_of_use) == (
        "6.6¢ per credit",
        "Save 27%",
        "About 40 days of use",
    )
    assert (growth.fits, growth.is_primary) == (True, True)


def test_it_takes_the_packages_that_are_sold() -> None:
    cards = build_package_cards(PACKAGES, None)
    assert [(card.id, card.credits, card.unit_amount, card.currency) for card in cards] == [
        (package.id, package.credits, package.unit_amount, package.currency) for package in PACKAGES
    ]


@pytest.mark.parametrize("daily_pace", [None, 0.0])
def test_it_promises_nothing_without_a_pace(daily_pace: float | None) -> None:
    cards = build_package_cards(THREE, daily_pace)
    assert [card.days_of_use for card in cards] == [None, None, None]
    assert [card.fits for card in cards] == [False, False, False]
    assert [card.is_primary for card in cards] == [False, True, False]


@pytest.mark.parametrize(
    ("daily_pace", "package_id"),
    [(0.1, "starter"), (14, "starter"), (15, "growth"), (71, "growth"), (72, "pro"), (10_000, "pro")],
)
def test_the_smallest_package_that_lasts_a_week_fits(daily_pace: float, package_id: str) -> None:
    assert fitting(daily_pace) == [package_id]


@pytest.mark.parametrize(
    ("daily_pace", "text"),
    [
        (101, "Less than a day of use"),
        (100, "About 1 day of use"),
        (0.2, "More than a year of use"),
    ],
)
def test_it_says_how_long_a_package_lasts(daily_pace: float, text: str) -> None:
    assert build_package_cards(THREE, daily_pace)[0].days_of_use == text


def test_savings_compare_one_currency_only() -> None:
    cards = build_package_cards([Sold("a", 100, 900), Sold("b", 100, 800, "eur")], None)
    assert [card.saving for card in cards] == [None, None]


def test_nothing_for_sale_makes_no_cards() -> None:
    assert build_package_cards([], 5.0) == []

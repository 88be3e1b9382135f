"""What a package's card says about it: price of one credit, saving, how long it lasts. Pure, no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from payapp.web.formats import plural, price_of_one

# "Fits your pace" goes to the smallest package that lasts this long, so that nobody is sent to a bigger one.
FITTING_DAYS_MIN = 7
DAYS_SHOWN_MAX = 365


class SellablePackage(Protocol):
    """The part of a package that a card needs. `unit_amount` is in minor units of `currency`."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def credits(self) -> int: ...
    @property
    def unit_amount(self) -> int: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True)
class PackageCard:
    """A package as its card shows it. `saving` and `days_of_use` are None where there is nothing to say."""

    id: str
    name: str
    credits: int
    unit_amount: int
    currency: str
    price_per_credit: str
    saving: str | None
    days_of_use: str | None
    fits: bool
    is_primary: bool


def build_package_cards(packages: Sequence[SellablePackage], daily_pace: float | None) -> list[PackageCard]:
    """Return one card a package, in the given order.

    `daily_pace` is credits used a day lately; None or zero means unknown, and then no card says how long
    it lasts or that it fits. One card is primary: the one that fits, else the one in the middle.
    """
    fitting = _find_fitting(packages, daily_pace)
    primary = fitting or (packages[len(packages) // 2] if packages else None)
    return [
        PackageCard(
            id=package.id,
            name=package.name,
            credits=package.credits,
            unit_amount=package.unit_amount,
            currency=package.currency,
            price_per_credit=f"{price_of_one(_unit_price(package), package.currency)} per credit",
            saving=_describe_saving(package, packages),
            days_of_use=_describe_days(package, daily_pace),
            fits=package is fitting,
            is_primary=package is primary,
        )
        for package in packages
    ]


def _find_fitting(packages: Sequence[SellablePackage], daily_pace: float | None) -> SellablePackage | None:
    if not daily_pace or not packages:
        return None
    by_size = sorted(packages, key=lambda package: package.credits)
    lasting = [package for package in by_size if package.credits / daily_pace >= FITTING_DAYS_MIN]
    return lasting[0] if lasting else by_size[-1]


def _unit_price(package: SellablePackage) -> float:
    return package.unit_amount / package.credits


def _describe_saving(package: SellablePackage, packages: Sequence[SellablePackage]) -> str | None:
    """Compare with the dearest credit sold in the same currency; below half a percent is no saving."""
    dearest = max(_unit_price(other) for other in packages if other.currency == package.currency)
    percent = round(100 * (1 - _unit_price(package) / dearest)) if dearest else 0
    return f"Save {percent}%" if percent else None


def _describe_days(package: SellablePackage, daily_pace: float | None) -> str | None:
    if not daily_pace:
        return None
    days = int(package.credits / daily_pace)
    if days > DAYS_SHOWN_MAX:
        return "More than a year of use"
    return f"About {plural(days, 'day')} of use" if days else "Less than a day of use"

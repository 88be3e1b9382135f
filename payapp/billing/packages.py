"""What is for sale. This list is the only one believed; Stripe's prices are compared with it."""

from dataclasses import dataclass

from payapp.billing.errors import UnknownPackageError


@dataclass(frozen=True)
class Package:
    """A credit package: `credits` for `unit_amount` minor units of `currency`, paid once.

    `lookup_key` names its price at Stripe, whatever the price's id is.
    """

    id: str
    name: str
    credits: int
    unit_amount: int
    currency: str
    lookup_key: str


PACKAGES = (
    Package("starter", "Starter", 100, 900, "usd", "payapp_starter"),
    Package("growth", "Growth", 500, 3900, "usd", "payapp_growth"),
    Package("pro", "Pro", 1500, 9900, "usd", "payapp_pro"),
)


def get_package(package_id: object) -> Package:
    """Return the package with this id. Raises UnknownPackageError for anything else, of any type."""
    package = find_package(package_id)
    if package is None:
        raise UnknownPackageError(package_id)
    return package


def find_package(package_id: object) -> Package | None:
    """Return the package with this id, None if there is none (it may have been sold once)."""
    return next((package for package in PACKAGES if package.id == package_id), None)


def find_package_for(credits_needed: int) -> Package:
    """Return the smallest package with at least `credits_needed` credits, or the largest there is."""
    by_size = sorted(PACKAGES, key=lambda package: package.credits)
    return next((package for package in by_size if package.credits >= credits_needed), by_size[-1])

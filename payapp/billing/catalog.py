"""The package list at Stripe: publishing it as products and prices, and comparing the two."""

from dataclasses import dataclass

from payapp.billing.packages import PACKAGES, Package
from payapp.stripe_objects import Price
from payapp.stripe_service import StripeService


@dataclass(frozen=True)
class PackageAtStripe:
    """A package with its Stripe price id (None: there is none) and what is wrong with it (None: nothing)."""

    package_id: str
    stripe_price_id: str | None
    problem: str | None = None


def publish_packages(stripe: StripeService) -> list[PackageAtStripe]:
    """Make the missing prices at Stripe; return every package with its price id. Safe to repeat.

    A price whose amount differs from the list hands its lookup key to a new price. Raises StripeServiceError.
    """
    prices = _prices_by_lookup_key(stripe)
    return [PackageAtStripe(package.id, _publish(stripe, package, prices)) for package in PACKAGES]


def compare_packages(stripe: StripeService, price_ids: dict[str, str]) -> list[PackageAtStripe]:
    """Compare each package with the price at Stripe under its lookup key, and with the id in the settings.

    Raises StripeServiceError.
    """
    prices = _prices_by_lookup_key(stripe)
    return [_compare(package, prices.get(package.lookup_key), price_ids.get(package.id, "")) for package in PACKAGES]


def _prices_by_lookup_key(stripe: StripeService) -> dict[str, Price]:
    keys = [package.lookup_key for package in PACKAGES]
    return {price.lookup_key: price for price in stripe.list_prices(keys)}


def _publish(stripe: StripeService, package: Package, prices: dict[str, Price]) -> str:
    price = prices.get(package.lookup_key)
    if price is None or not _costs_the_same(price, package):
        price = stripe.create_price(
            package.lookup_key,
            f"{package.name}: {package.credits} credits",
            package.unit_amount,
            package.currency,
        )
    return price.id


def _compare(package: Package, price: Price | None, configured_id: str) -> PackageAtStripe:
    if price is None and not configured_id:
        return PackageAtStripe(package.id, None)  # sold with inline prices
    if price is None:
        problem = f"no active price with lookup key {package.lookup_key}"
        return PackageAtStripe(package.id, configured_id, problem)
    if not _costs_the_same(price, package):
        problem = f"costs {price.unit_amount} {price.currency}, not {package.unit_amount} {package.currency}"
        return PackageAtStripe(package.id, price.id, problem)
    if configured_id and configured_id != price.id:
        problem = f"STRIPE_PRICE_{package.id.upper()} is {configured_id}"
        return PackageAtStripe(package.id, price.id, problem)
    return PackageAtStripe(package.id, price.id)


def _costs_the_same(price: Price, package: Package) -> bool:
    return (price.unit_amount, price.currency) == (package.unit_amount, package.currency)

"""The package list at Stripe: publishing it as products and prices, and comparing the two."""

from dataclasses import dataclass

from payapp.billing.packages import PACKAGES, Package
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import Price, StripeRefusedError


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
    """Compare each package with the price it is sold at: the one in the settings, else the one we published.

    A package without either is sold at a price described with each purchase, which can't be wrong. Raises
    StripeServiceError.
    """
    published = _prices_by_lookup_key(stripe)
    return [
        _compare_configured(stripe, package, price_ids[package.id])
        if price_ids.get(package.id)
        else PackageAtStripe(package.id, *_judge(published.get(package.lookup_key), package))
        for package in PACKAGES
    ]


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
            # The price it replaces is part of the key, so that an amount may come back within a day.
            idempotency_key=f"price:{package.lookup_key}:{package.unit_amount}:{package.currency}:"
            f"{price.id if price else 'first'}",
        )
    return price.id


def _compare_configured(stripe: StripeService, package: Package, price_id: str) -> PackageAtStripe:
    try:
        return PackageAtStripe(package.id, *_judge(stripe.get_price(price_id), package))
    except StripeRefusedError as error:
        return PackageAtStripe(package.id, price_id, f"STRIPE_PRICE_{package.id.upper()}: {error}")


def _judge(price: Price | None, package: Package) -> tuple[str | None, str | None]:
    """Return the price's id, and what is wrong with it."""
    if price is None:
        return None, None
    if not _costs_the_same(price, package):
        return price.id, f"costs {price.unit_amount} {price.currency}, not {package.unit_amount} {package.currency}"
    return price.id, None if price.is_active else "is not active: nobody can buy it"


def _costs_the_same(price: Price, package: Package) -> bool:
    return (price.unit_amount, price.currency) == (package.unit_amount, package.currency)

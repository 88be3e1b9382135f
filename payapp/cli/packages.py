"""flask packages …"""

import click
from flask.cli import AppGroup

from payapp.billing.catalog import PackageAtStripe, compare_packages, publish_packages
from payapp.stripe_types.objects import StripeServiceError
from payapp.web.services import get_storefront, get_stripe

packages = AppGroup("packages", help="The credit packages at Stripe.")


@packages.command("publish")
def publish() -> None:
    """Make a product and price at Stripe for every package that has none, and print the lines for .env.

    A price is found again by its lookup key, so running this twice makes nothing new. When a package's amount
    has changed, a new price takes over the lookup key; the old one stays for those who are paying it.
    """
    try:
        for package in publish_packages(get_stripe()):
            click.echo(f"STRIPE_PRICE_{package.package_id.upper()}={package.stripe_price_id}")
    except StripeServiceError as error:
        raise click.ClickException(str(error)) from error


@packages.command("check")
def check() -> None:
    """Compare the package list with Stripe's prices and the settings. Writes nothing; exit status 1 if they differ."""
    try:
        found = compare_packages(get_stripe(), get_storefront().price_ids)
    except StripeServiceError as error:
        raise click.ClickException(str(error)) from error
    for package in found:
        click.echo(_line(package))
    if any(package.problem for package in found):
        raise SystemExit(1)


def _line(package: PackageAtStripe) -> str:
    return f"{package.package_id:10} {package.stripe_price_id or '-':32} {package.problem or 'ok'}"

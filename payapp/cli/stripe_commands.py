"""flask stripe …"""

import click
from flask.cli import AppGroup

from payapp.services import get_stripe
from payapp.stripe_objects import StripeServiceError
from payapp.webhooks.handlers import HANDLERS

stripe = AppGroup("stripe", help="The account at Stripe.")


@stripe.command("register-webhook")
@click.argument("url")
def register_webhook(url: str) -> None:
    """Make a webhook endpoint for URL at Stripe, with exactly the events payapp handles, and print its secret.

    Stripe tells the secret only this once: put it into STRIPE_WEBHOOK_SECRET. Refuses when the account has an
    endpoint with this URL already.
    """
    try:
        if any(endpoint.url == url for endpoint in get_stripe().list_webhook_endpoints()):
            raise click.ClickException(f"there is an endpoint for {url} already; delete it in Stripe's dashboard first")
        endpoint = get_stripe().create_webhook_endpoint(url, HANDLERS)
    except StripeServiceError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{endpoint.id} receives {len(endpoint.event_types)} event types at {endpoint.url}")
    click.echo(f"STRIPE_WEBHOOK_SECRET={endpoint.secret}")

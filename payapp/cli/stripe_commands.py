"""flask stripe …"""

from getpass import getuser

import click
from flask.cli import AppGroup

from payapp.billing.errors import AcceptanceRefusedError, QuarantineError
from payapp.cli.operators import note_option, reason_for
from payapp.cli.reconciliation import reconcile
from payapp.extensions import db
from payapp.staff import events
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import StripeServiceError, WebhookEndpoint
from payapp.web.services import get_stripe
from payapp.webhooks.handlers import HANDLERS
from payapp.webhooks.inbox import UnknownEventError

stripe = AppGroup("stripe", help="The account at Stripe.")
stripe.add_command(reconcile)


@stripe.command("register-webhook")
@click.argument("url")
def register_webhook(url: str) -> None:
    """Make a webhook endpoint for URL at Stripe, with exactly the events payapp handles, and print its secret.

    Stripe tells the secret only this once: put it into STRIPE_WEBHOOK_SECRET. An endpoint that the account has for
    this URL already is made to receive exactly these events (run this after an upgrade), and keeps its secret.
    """
    try:
        endpoint = _register(get_stripe(), url)
    except StripeServiceError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{endpoint.id} receives {len(endpoint.event_types)} event types at {endpoint.url}")
    if endpoint.secret:
        click.echo(f"STRIPE_WEBHOOK_SECRET={endpoint.secret}")
    else:
        click.echo("It was there already, and keeps the secret that was told when it was made.")
        _warn_of_version(endpoint)


def _warn_of_version(endpoint: WebhookEndpoint) -> None:
    """Stripe can't change it: https://docs.stripe.com/webhooks/versioning"""
    wanted, found = StripeService.api_version, endpoint.api_version
    if found != wanted:
        has = f"of API version {found}" if found else "of the account's API version, perhaps an old one"
        advice = "delete it in the dashboard and run this again to have a new one, with a new secret"
        click.echo(f"Its events are {has}, not {wanted}: {advice}.", err=True)


def _register(service: StripeService, url: str) -> WebhookEndpoint:
    known = next((endpoint for endpoint in service.list_webhook_endpoints() if endpoint.url == url), None)
    if known is None:
        return service.create_webhook_endpoint(url, HANDLERS)
    if known.event_types == frozenset(HANDLERS):
        return known
    return service.update_webhook_endpoint(known.id, HANDLERS)


@stripe.command("replay")
@click.argument("event_id")
@note_option
def replay_event(event_id: str, note: str) -> None:
    """Apply the event EVENT_ID again: one that failed, or one in quarantine after what was wrong is put right.

    Harmless for one that was applied before. An event that never came is fetched from Stripe, which keeps them
    for 30 days. Exit status 1 when it still can't be applied; it then stays as it was, and nothing has moved.
    """
    session = db.session()
    try:
        status = events.replay_event(session, get_stripe(), reason_for(note), event_id)
    except (StripeServiceError, QuarantineError) as error:
        raise click.ClickException(str(error)) from error
    session.commit()
    click.echo(f"{event_id}: {status}")


@stripe.command("dismiss")
@click.argument("event_id")
@click.option("--note", required=True, help="Why it moves nothing; kept with the event.")
def dismiss_event(event_id: str, note: str) -> None:
    """Close the event EVENT_ID, which failed or is in quarantine: it moves nothing, and is named no more.

    Exit status 1 for one that was applied, ignored or never kept.
    """
    try:
        is_closed = events.dismiss_event(db.session(), reason_for(note), event_id)
    except UnknownEventError as error:
        raise click.ClickException(str(error)) from error
    if not is_closed:
        raise click.ClickException(f"{event_id} neither failed nor is it in quarantine")
    db.session.commit()
    click.echo(f"{event_id}: ignored")


@stripe.command("accept")
@click.argument("event_id")
@click.option("--note", required=True, help="Why it is accepted; in the ledger, where the customer reads it too.")
@click.option("--by", "actor", default=getuser, help="Who accepts it. Default: who is logged in on this machine.")
def accept_payment(event_id: str, note: str, actor: str) -> None:
    """Grant the payment that the event EVENT_ID in quarantine tells of, though another amount or currency was paid.

    The purchase gets its credits, once, and is kept as paid with what was paid. Repeating it changes nothing. Exit
    status 1 for what is not in quarantine, not paid at Stripe, another customer's, refunded or disputed.
    """
    session, reason = db.session(), reason_for(note)
    try:
        purchase_id = events.accept_event(session, get_stripe(), reason, event_id, actor)
    except (AcceptanceRefusedError, QuarantineError, StripeServiceError, UnknownEventError) as error:
        raise click.ClickException(str(error)) from error
    session.commit()
    click.echo(f"{event_id}: purchase {purchase_id} granted" if purchase_id else f"{event_id}: settled before")

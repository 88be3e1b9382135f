"""flask purchases …"""

import sys
from typing import Any

import click
from flask.cli import AppGroup

from payapp.billing.checkout.purchases import list_purchases
from payapp.billing.checkout.story import Moment, tell_story
from payapp.billing.errors import BillingError
from payapp.billing.returns.refund_plans import RefundPlan, plan_refund, plan_unspent_refund
from payapp.cli.operators import note_option, reason_for
from payapp.extensions import db
from payapp.staff.refunds import refund as make_refund
from payapp.stripe_types.objects import StripeServiceError
from payapp.web.formats import moment as in_words
from payapp.web.formats import money, plural, signed
from payapp.web.services import get_stripe
from payapp.webhooks.inbox import list_events_about

purchases = AppGroup("purchases", help="What people bought: the whole story, and refunds.")


@purchases.command("show")
@click.argument("purchase_id", metavar="ID", type=int)
def show_purchase(purchase_id: int) -> None:
    """Tell the whole story of purchase ID: payment, refunds, disputes, credits, Stripe's events. Writes nothing."""
    session = db.session()
    try:
        story = tell_story(session, purchase_id)
    except BillingError as error:
        raise click.ClickException(str(error)) from error
    purchase = list_purchases(session, [purchase_id])[purchase_id]
    paid = money(purchase.amount_total, purchase.currency)
    click.echo(f"Purchase {purchase.id}: {purchase.credits} credits for {paid}, {purchase.status}")
    click.echo(f"{plural(story.credits_left, 'credit')} of it left: granted less what was taken back")
    for moment in story.moments:
        click.echo(_line(moment, story.currency))
    for event in list_events_about(session, story.stripe_ids):
        problem = f": {event.last_error}" if event.last_error else ""
        click.echo(f"  {event.stripe_event_id}  {event.event_type}  {event.status}{problem}")


@purchases.command("refund")
@click.argument("purchase_id", metavar="ID", type=int)
@click.option("--amount", type=click.IntRange(min=1), help="Minor units, such as cents. Default: all that is left.")
@click.option("--unspent", is_flag=True, help="Exactly the part whose credits are unspent.")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@note_option
def refund(purchase_id: int, amount: int | None, unspent: bool, dry_run: bool, yes: bool, note: str) -> None:
    """Refund purchase ID at Stripe and take its credits back, after saying what that does.

    The credits' share that is refunded of the payment goes back, rounded down. Spent ones become a debt, unless
    --unspent. Refuses what was never paid, is disputed, or is more than is left. When the answer is lost, run the
    same command again: the refund is made once.
    """
    if amount is not None and unspent:
        raise click.UsageError("--amount and --unspent exclude each other")
    session, reason = db.session(), reason_for(note)
    try:
        plan = plan_unspent_refund(session, purchase_id) if unspent else plan_refund(session, purchase_id, amount)
        session.rollback()
        click.echo(_describe(plan))
        if dry_run:
            return
        if not yes and sys.stdin.isatty():
            click.confirm("Refund?", abort=True)
        made = make_refund(session, get_stripe(), reason, plan)
    except (BillingError, StripeServiceError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{made.id}: {made.status}")


def _describe(plan: RefundPlan) -> str:
    amount = money(plan.amount, plan.currency)
    debt = ", a debt" if plan.available_after < 0 else ""
    return (
        f"Refund {amount} of purchase {plan.purchase_id} to user {plan.user_id}: takes {plural(plan.credits, 'credit')}"
        f" back, {plan.available_after} available afterwards{debt}"
    )


def _line(moment: Moment, currency: str) -> str:
    moved: list[Any] = [moment.text]
    if moment.credits:
        moved.append(f"{signed(moment.credits)} credits")
    if moment.amount is not None:
        moved.append(money(moment.amount, currency))
    if moment.stripe_id:
        moved.append(moment.stripe_id)
    return f"  {in_words(moment.at)}  {'  '.join(moved)}"

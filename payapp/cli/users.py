"""flask users …"""

from collections import Counter

import click
from flask.cli import AppGroup

from payapp.auth.accounts import count_users
from payapp.billing.customer_sync import list_users_to_sync, sync_customers
from payapp.extensions import db
from payapp.web.services import get_stripe

users = AppGroup("users", help="People and their Stripe customers.")


@users.command("sync-customers")
def sync_users() -> None:
    """Make a Stripe customer for every user who has none, and push every address that has changed.

    The customers of users who have deleted their account are deleted, where Stripe was away when they did. Other users
    are not touched. A user for whom Stripe fails is named, and the others are still tried, unless Stripe can't be
    reached for three of them in a row; the exit status is then 1.
    """
    session = db.session()
    user_ids = list_users_to_sync(session)
    count: Counter[str] = Counter()
    with click.progressbar(sync_customers(session, get_stripe(), user_ids), length=len(user_ids)) as results:
        for result in results:
            count[result.outcome] += 1
            if result.error:
                click.echo(f"\nuser {result.user_id}: {result.error}", err=True)
    untried = len(user_ids) - count.total()
    click.echo(
        f"{count_users(session)} users: {count['made']} customers made, {count['updated']} addresses pushed, "
        f"{count['failed']} failed, {untried} not tried."
    )
    if count["deleted"]:
        click.echo(f"{count['deleted']} customers deleted, whose users had deleted their accounts.")
    if count["failed"]:
        raise SystemExit(1)

"""flask users …"""

import click
from flask.cli import AppGroup

from payapp.auth.accounts import count_users
from payapp.billing.customers import list_users_without_customer, sync_customers
from payapp.extensions import db
from payapp.services import get_stripe

users = AppGroup("users", help="People and their Stripe customers.")


@users.command("sync-customers")
def sync_users() -> None:
    """Make a Stripe customer for every user who has none.

    Users who have one are not touched. A user for whom Stripe fails is named, and the others are still
    tried, unless Stripe can't be reached for three of them in a row; the exit status is then 1.
    """
    session = db.session()
    user_ids = list_users_without_customer(session)
    made = failed = 0
    with click.progressbar(sync_customers(session, get_stripe(), user_ids), length=len(user_ids)) as results:
        for result in results:
            made += result.error is None
            if result.error:
                failed += 1
                click.echo(f"\nuser {result.user_id}: {result.error}", err=True)
    untried = len(user_ids) - made - failed
    click.echo(f"{count_users(session)} users: {made} customers made, {failed} failed, {untried} not tried.")
    if failed:
        raise SystemExit(1)

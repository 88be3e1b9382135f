"""flask users …"""

import logging
from collections import Counter

import click
from flask.cli import AppGroup

from payapp.auth.accounts import count_users, find_user_id, lock_user
from payapp.auth.factors.of_app import get_sealer
from payapp.auth.factors.owned import remove_factors
from payapp.auth.factors.totp import reseal_secrets
from payapp.billing.customer_sync import list_users_to_sync, sync_customers
from payapp.extensions import db
from payapp.web.services import get_stripe

log = logging.getLogger(__name__)

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


@users.command("remove-factors")
@click.argument("email")
@click.option("--note", required=True, help="Why, and how you made sure who asked; kept in the log.")
def remove_users_factors(email: str, note: str) -> None:
    """Remove the authenticator app, the passkeys and the recovery codes of EMAIL, who has lost all of them.

    From then on the password alone logs them in, so make sure who asks. All their logins end. Exit status 1 when
    nobody has this address.
    """
    session = db.session()
    user_id = find_user_id(session, email)
    if user_id is None:
        raise click.ClickException(f"nobody has the address {email}")
    lock_user(session, user_id)
    removed = remove_factors(session, user_id)
    session.commit()
    log.warning("the factors of user %s were removed by command: %s", user_id, note)
    app = "an authenticator app" if removed.had_totp else "no authenticator app"
    click.echo(
        f"Removed from {email}: {app}, {removed.passkeys} passkeys, and the recovery codes. All logins are ended."
    )


@users.command("reseal-factors")
def reseal_factors() -> None:
    """Encrypt the secrets of all authenticator apps with today's SECRET_KEY, so that a former key can go.

    Exit status 1 when no key of the settings opens some of them: their owners' codes are refused.
    """
    session = db.session()
    sealed, unreadable = reseal_secrets(session, get_sealer())
    session.commit()
    click.echo(f"{sealed} secrets are sealed with the key of today; {unreadable} can't be opened.")
    if unreadable:
        raise SystemExit(1)

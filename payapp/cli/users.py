"""flask users …"""

from collections import Counter
from collections.abc import Callable

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from payapp.audit import Reason
from payapp.auth.accounts import count_users
from payapp.auth.factors.of_app import get_sealer
from payapp.auth.factors.totp import reseal_secrets
from payapp.billing.customer_sync import list_users_to_sync, sync_customers
from payapp.cli.operators import get_user_id, note_option, reason_for
from payapp.extensions import db
from payapp.staff.users import disable_user, enable_user, end_admin, make_admin, take_factors
from payapp.web.services import get_stripe

users = AppGroup("users", help="People: who is staff, who may come in, and their Stripe customers.")


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


@users.command("make-admin")
@click.argument("email")
@note_option
def make_user_admin(email: str, note: str) -> None:
    """Make EMAIL one of the staff: the pages under /admin are theirs from now on. Harmless for who is it already."""
    _change(make_admin, email, note, "is staff now", "is staff already")


@users.command("end-admin")
@click.argument("email")
@note_option
def end_user_admin(email: str, note: str) -> None:
    """Make EMAIL a user like others, from their next page on."""
    _change(end_admin, email, note, "is no longer staff", "is not staff")


@users.command("disable")
@click.argument("email")
@click.option("--note", required=True, help="Why; kept in the log of what staff do.")
def disable(email: str, note: str) -> None:
    """Let EMAIL in no more: logins end at once, their API keys are refused, and so are services that act for them.

    What they have paid is granted all the same, and refunds and disputes go their way.
    """
    _change(disable_user, email, note, "is disabled", "is disabled already")


@users.command("enable")
@click.argument("email")
@click.option("--note", required=True, help="Why; kept in the log of what staff do.")
def enable(email: str, note: str) -> None:
    """Let EMAIL in again. They have to log in anew; their API keys are good as before."""
    _change(enable_user, email, note, "is enabled", "is not disabled")


def _change(act: Callable[[Session, Reason, int], bool], email: str, note: str, done: str, before: str) -> None:
    """Do it, commit, and say whether anything has changed."""
    reason = reason_for(note)
    has_changed = act(db.session(), reason, get_user_id(email))
    db.session.commit()
    click.echo(f"{email} {done if has_changed else before}.")


@users.command("remove-factors")
@click.argument("email")
@click.option("--note", required=True, help="Why, and how you made sure who asked; kept in the log.")
def remove_users_factors(email: str, note: str) -> None:
    """Remove the authenticator app, the passkeys and the recovery codes of EMAIL, who has lost all of them.

    From then on the password alone logs them in, so make sure who asks. All their logins end. Exit status 1 when
    nobody has this address.
    """
    reason = reason_for(note)
    removed = take_factors(db.session(), reason, get_user_id(email))
    db.session.commit()
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

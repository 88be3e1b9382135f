"""flask api-keys …"""

import click
from flask.cli import AppGroup

from payapp.auth.accounts import find_user
from payapp.auth.api_keys import (
    NAME_LENGTH_MAX,
    ApiKeyView,
    NewApiKey,
    UnknownApiKeyError,
    create_api_key,
    list_api_keys,
    revoke_by_prefix,
    rotate_by_prefix,
)
from payapp.auth.api_keys.models import Scope
from payapp.extensions import db
from payapp.web.formats import moment

api_keys = AppGroup("api-keys", help="Credentials for programs that use the API.")


def _read_name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if not name.strip() or len(name) > NAME_LENGTH_MAX or "\0" in name:
        raise click.BadParameter(f"1 to {NAME_LENGTH_MAX} characters")
    return name.strip()


@api_keys.command("create")
@click.argument("email")
@click.option("--name", default="Made by an operator", show_default=True, callback=_read_name, help="For the list.")
@click.option("--scope", type=click.Choice(["read", "spend"]), default="spend", show_default=True)
def create(email: str, name: str, scope: Scope) -> None:
    """Make a key for the account of EMAIL. Its secret stands alone on the last line, and is told only now."""
    _tell(create_api_key(db.session(), _find_user_id(email), name, scope), f"for {email}, scope {scope}")


@api_keys.command("create-service")
@click.argument("name", callback=_read_name)
def create_service(name: str) -> None:
    """Make a key for the service NAME, which may act for every user: for a back end of your own, never for a customer.

    A service is its name, and ends its own holds alone: give each back end another one.

    Its secret stands alone on the last line, and is told only now.
    """
    _tell(create_api_key(db.session(), None, name, "service"), "a service key: it may act for every user")


@api_keys.command("list")
@click.argument("email", required=False)
def list_keys(email: str | None) -> None:
    """List the keys of EMAIL's account, or the service keys, newest first; revoked ones too. Writes nothing."""
    keys = list_api_keys(db.session(), None if email is None else _find_user_id(email))
    for key in keys:
        click.echo(_line(key))
    if not keys:
        click.echo("There are none.", err=True)


@api_keys.command("rotate")
@click.argument("prefix")
def rotate(prefix: str) -> None:
    """Make another key like PREFIX, a user's or a service key. Both are valid until you revoke the old one.

    The secret of the new one stands alone on the last line, and is told only now.
    """
    try:
        new = rotate_by_prefix(db.session(), prefix)
    except UnknownApiKeyError as error:
        raise click.ClickException(str(error)) from error
    _tell(new, f"takes the place of {prefix}, which is valid until it is revoked")


@api_keys.command("revoke")
@click.argument("prefix")
def revoke(prefix: str) -> None:
    """End the key PREFIX (`payapp_` and ten digits), a user's or a service key, everywhere and at once."""
    try:
        revoke_by_prefix(db.session(), prefix)
    except UnknownApiKeyError as error:
        raise click.ClickException(str(error)) from error
    db.session.commit()
    click.echo(f"{prefix} is revoked.")


def _find_user_id(email: str) -> int:
    user = find_user(db.session(), email)
    if user is None:
        raise click.ClickException(f"there is no user {email}")
    return user.id


def _tell(new: NewApiKey, what: str) -> None:
    db.session.commit()
    click.echo(f"{new.prefix}: {what}. The secret is shown only now:")
    click.echo(new.secret)


def _line(key: ApiKeyView) -> str:
    used = f"last used {moment(key.last_used_at)}" if key.last_used_at else "never used"
    state = f"revoked {moment(key.revoked_at)}" if key.revoked_at else used
    return f"{key.prefix}  {key.scope:7}  made {moment(key.created_at)}  {state}  {key.name}"

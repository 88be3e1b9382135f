"""flask api-keys …"""

import click
from flask.cli import AppGroup

from payapp.auth.api_keys import (
    NAME_LENGTH_MAX,
    ApiKeyView,
    NewApiKey,
    UnknownApiKeyError,
    list_api_keys,
)
from payapp.auth.api_keys.models import Scope
from payapp.cli.operators import get_user_id, note_option, reason_for
from payapp.extensions import db
from payapp.staff.api_keys import make_key, revoke_key, rotate_key
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
@note_option
def create(email: str, name: str, scope: Scope, note: str) -> None:
    """Make a key for the account of EMAIL. Its secret stands alone on the last line, and is told only now."""
    new = make_key(db.session(), reason_for(note), get_user_id(email), name, scope)
    _tell(new, f"for {email}, scope {scope}")


@api_keys.command("create-service")
@click.argument("name", callback=_read_name)
@note_option
def create_service(name: str, note: str) -> None:
    """Make a key for the service NAME, which may act for every user: for a back end of your own, never for a customer.

    A service is its name, and ends its own holds alone: give each back end another one.

    Its secret stands alone on the last line, and is told only now.
    """
    new = make_key(db.session(), reason_for(note), None, name, "service")
    _tell(new, "a service key: it may act for every user")


@api_keys.command("list")
@click.argument("email", required=False)
def list_keys(email: str | None) -> None:
    """List the keys of EMAIL's account, or the service keys, newest first; revoked ones too. Writes nothing."""
    keys = list_api_keys(db.session(), None if email is None else get_user_id(email))
    for key in keys:
        click.echo(_line(key))
    if not keys:
        click.echo("There are none.", err=True)


@api_keys.command("rotate")
@click.argument("prefix")
@note_option
def rotate(prefix: str, note: str) -> None:
    """Make another key like PREFIX, a user's or a service key. Both are valid until you revoke the old one.

    The secret of the new one stands alone on the last line, and is told only now.
    """
    try:
        new = rotate_key(db.session(), reason_for(note), prefix)
    except UnknownApiKeyError as error:
        raise click.ClickException(str(error)) from error
    _tell(new, f"takes the place of {prefix}, which is valid until it is revoked")


@api_keys.command("revoke")
@click.argument("prefix")
@note_option
def revoke(prefix: str, note: str) -> None:
    """End the key PREFIX (`payapp_` and ten digits), a user's or a service key, everywhere and at once."""
    try:
        revoke_key(db.session(), reason_for(note), prefix)
    except UnknownApiKeyError as error:
        raise click.ClickException(str(error)) from error
    db.session.commit()
    click.echo(f"{prefix} is revoked.")


def _tell(new: NewApiKey, what: str) -> None:
    db.session.commit()
    click.echo(f"{new.prefix}: {what}. The secret is shown only now:")
    click.echo(new.secret)


def _line(key: ApiKeyView) -> str:
    used = f"last used {moment(key.last_used_at)}" if key.last_used_at else "never used"
    state = f"revoked {moment(key.revoked_at)}" if key.revoked_at else used
    return f"{key.prefix}  {key.scope:7}  made {moment(key.created_at)}  {state}  {key.name}"

"""Who runs a command, and why: for the log of what staff do."""

import socket
from getpass import getuser

import click

from payapp.audit import Actor, NoReasonError, Reason
from payapp.auth.accounts import find_user_id
from payapp.extensions import db

NOT_SAID = "no reason given"
note_option = click.option("--note", default=NOT_SAID, help="Why; kept in the log of what staff do.")


def operator() -> Actor:
    """Return who is logged in on this machine, and the machine."""
    try:
        name = getuser()
    except (KeyError, OSError):
        name = "somebody"  # a container may have no name for the user that it runs as
    return Actor(operator=f"{name}@{socket.gethostname()}")


def reason_for(note: str) -> Reason:
    """Return who acts and why. Ends the command with a sentence when the note is none."""
    try:
        return Reason(operator(), note)
    except NoReasonError as error:
        raise click.ClickException(str(error)) from error


def get_user_id(email: str) -> int:
    """Return the id of the user with this address. Ends the command with a sentence when there is none."""
    user_id = find_user_id(db.session(), email)
    if user_id is None:
        raise click.ClickException(f"there is no user {email}")
    return user_id

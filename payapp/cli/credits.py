"""flask credits …"""

from uuid import uuid4

import click
from flask.cli import AppGroup

from payapp.cli.operators import get_user_id, reason_for
from payapp.extensions import db
from payapp.ledger.errors import InsufficientCreditsError, InvalidAmountError
from payapp.ledger.posting import MAX_AMOUNT
from payapp.staff.credits import adjust_credits
from payapp.web.formats import moment, number, plural, signed

credits = AppGroup("credits", help="Credits given and taken by hand.")


# A negative amount looks like an option; what looks like none that is known is an argument.
@credits.command("adjust", context_settings={"ignore_unknown_options": True})
@click.argument("email")
@click.argument("amount", type=int)
@click.option("--note", required=True, help="Why; in the ledger, where the customer reads it too.")
@click.option("--again", is_flag=True, help="Also when there is such an adjustment already.")
def adjust(email: str, amount: int, note: str, again: bool) -> None:
    """Give EMAIL so many credits, or take them with a minus sign: AMOUNT is a whole number other than 0.

    The same EMAIL, AMOUNT and note are one adjustment, however often the command is run: name the cause in the note, a
    ticket perhaps, or say --again. No more is taken than is available.
    """
    reason, user_id = reason_for(note), get_user_id(email)
    cause = f"command:{uuid4() if again else [user_id, amount, reason.note.strip()]}"
    try:
        entry = adjust_credits(db.session(), reason, user_id, amount, cause)
    except InvalidAmountError as error:
        raise click.ClickException(f"AMOUNT is 1 to {number(MAX_AMOUNT)}, or that with a minus sign") from error
    except InsufficientCreditsError as error:
        available = plural(error.available, "credit is", "credits are")
        raise click.ClickException(f"{available} available, {number(error.required)} can't be taken") from error
    db.session.commit()
    if entry.is_new:
        click.echo(f"{email}: {signed(amount)} credits, the balance is {number(entry.balance_after)}.")
    else:
        click.echo(f"{email}: this was done on {moment(entry.created_at)}; nothing has changed. See --again.")

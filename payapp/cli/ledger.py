"""flask ledger …"""

import click
from flask.cli import AppGroup

from payapp.database.base import expect_reads_only
from payapp.extensions import db
from payapp.ledger.verification import verify

ledger = AppGroup("ledger", help="The book of credits.")


@ledger.command("verify")
def verify_ledger() -> None:
    """Check the laws of the ledger for every account. Writes nothing; exit status 1 when one does not hold."""
    expect_reads_only()  # on SQLite nobody waits for this
    violations = verify(db.session())
    for violation in violations:
        where = f"account {violation.user_id}" if violation.user_id is not None else "database"
        click.echo(f"{where}: {violation.law}: expected {violation.expected}, found {violation.found}", err=True)
    if violations:
        raise click.ClickException(f"{len(violations)} violations")
    click.echo("The ledger is right: every law holds for every account.")

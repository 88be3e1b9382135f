"""flask stripe reconcile"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import click
from flask.cli import with_appcontext

from payapp.billing.reconciliation import Discrepancy, estimate_length
from payapp.cli.moments import Moment
from payapp.database.base import expect_reads_only
from payapp.extensions import db
from payapp.jobs.sweeping import Finding, sweep
from payapp.stripe_types.objects import StripeServiceError
from payapp.web.formats import money, signed
from payapp.web.services import get_stripe

ERASE_LINE = "\r\033[K"


@click.command("reconcile")
@click.option("--repair", "is_repair", is_flag=True, help="Put right what can be, by the functions the webhooks use.")
@click.option("--since", type=Moment(), help="Only what Stripe made since then: 2026-11-20, 3d, 72h. Else everything.")
@with_appcontext
def reconcile(is_repair: bool, since: datetime | None) -> None:
    """Compare Stripe's Checkout sessions, refunds and disputes with our books, and name each discrepancy.

    It asks Stripe for the objects, not for events, so it finds what happened longer than 30 days ago, too. Events that
    failed and customers never made belong to it. Safe to run at any time, twice at once, and again after it was
    stopped; without --repair it writes nothing. A payment made in this very moment may be named before its webhook is
    here. Exit status 0 when there is nothing, or all is repaired; 1 otherwise.
    """
    expect_reads_only()  # on SQLite nobody waits for the comparing
    session = db.session()
    total = Total()
    length, is_drawn = estimate_length(session, since), is_terminal()
    try:
        with click.progressbar(length=length, label="Comparing", file=sys.stderr, hidden=not is_drawn) as bar:
            findings = sweep(session, get_stripe(), since=since, is_repair=is_repair, on_progress=bar.update)
            for finding in total.count(findings):
                if is_drawn:
                    click.echo(ERASE_LINE, nl=False, err=True)
                click.echo(_line(finding))
    except StripeServiceError as error:
        click.echo(total.text)
        raise click.ClickException(f"stopped, nothing is lost, run it again later: {error}") from error
    click.echo(total.text)
    if total.left:
        raise SystemExit(1)


def is_terminal() -> bool:
    """Whether somebody watches: a bar in a log file is of no use."""
    return sys.stderr.isatty()


@dataclass
class Total:
    """What was found so far, and how much money was at risk."""

    found: int = 0
    left: int = 0
    money: Counter[str] = field(default_factory=Counter)

    def count(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Pass the findings on, counting."""
        for finding in findings:
            self.found += 1
            self.left += not finding.is_repaired
            if finding.discrepancy.currency:
                self.money[finding.discrepancy.currency] += finding.discrepancy.amount
            yield finding

    @property
    def text(self) -> str:
        if not self.found:
            return "Stripe and our books agree."
        at_risk = ", ".join(money(amount, currency) for currency, amount in sorted(self.money.items()) if amount)
        repaired = self.found - self.left
        return f"{self.found} discrepancies, {repaired} repaired; money at risk: {at_risk or 'none'}."


def _line(finding: Finding) -> str:
    found = finding.discrepancy
    return f"{found.kind} {found.about} ({', '.join(_details(found))}): {found.sentence} [{finding.outcome}]"


def _details(found: Discrepancy) -> Iterator[str]:
    if found.purchase_id is not None:
        yield f"purchase {found.purchase_id}"
    if found.user_id is not None:
        yield f"user {found.user_id}"
    yield money(found.amount, found.currency) if found.currency else "no money"
    if found.credits:
        yield f"{signed(found.credits)} credits"

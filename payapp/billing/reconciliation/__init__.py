"""reconcile(): Stripe's sessions, refunds and disputes, and the ledger's laws, against our books.

It asks for the objects themselves, so it needs no event, and works when events are older than the 30 days for which
Stripe keeps them. It writes nothing; every discrepancy brings the remedy along, where there is a safe one.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.billing.reconciliation.causes import find_lost_facts, find_unknown_causes
from payapp.billing.reconciliation.discrepancy import Discrepancy, Kind, Remedy
from payapp.billing.reconciliation.grants import find_extra_grants, find_wrong_grants
from payapp.billing.reconciliation.laws import find_broken_laws, find_purchases_without_session
from payapp.billing.reconciliation.stripes_side import (
    OnProgress,
    checkout_sessions,
    compare_side,
    disputes,
    refunds,
)
from payapp.billing.reconciliation.takings import find_wrong_clawbacks
from payapp.billing.returns.facts import DISPUTES, REFUNDS
from payapp.database.base import table_of
from payapp.stripe_service import StripeService

__all__ = ["Discrepancy", "Kind", "Remedy", "estimate_length", "reconcile"]


def reconcile(
    session: Session,
    stripe: StripeService,
    *,
    since: datetime | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[Discrepancy]:
    """Yield every discrepancy between Stripe and our books. Writes nothing; no transaction is open at a yield.

    `since`: only what Stripe made then or later, and what is unfinished with us, however old; None: everything. Our
    own books are always looked at as a whole. `on_progress` is told how many of Stripe's objects were looked at.
    The caller may apply a remedy, and commit, before the next one is asked for: what comes later counts on it.
    Raises StripeServiceError when Stripe does not answer for about a minute; run it again then.
    """
    session.rollback()
    named: set[int] = set()
    for side in (checkout_sessions(stripe), refunds(stripe), disputes(stripe)):
        for found in compare_side(session, side, since, on_progress or _ignore):
            if found.kind == "missing_session":
                named.add(found.purchase_id or 0)
            yield found
    yield from _inspect_books(session, stripe, named)


def estimate_length(session: Session, since: datetime | None) -> int:
    """Return about how many of Stripe's objects reconcile() will look at: as many as we know of."""
    length = 0
    for table in (table_of(Purchase), REFUNDS, DISPUTES):
        known = select(func.count()).select_from(table)
        length += session.scalars(known if since is None else known.where(table.c.created_at >= since)).one()
    session.rollback()
    return length


def _inspect_books(session: Session, stripe: StripeService, named: set[int]) -> Iterator[Discrepancy]:
    """`named`: purchases without a session, for which Stripe's list had one."""
    unsure_users: set[int] = set()
    for found in find_unknown_causes(session):
        unsure_users.add(found.user_id or 0)
        yield found
    yield from find_purchases_without_session(session, named)
    yield from find_wrong_grants(session, stripe, unsure_users)
    yield from find_extra_grants(session)
    yield from find_lost_facts(session, stripe)
    yield from find_wrong_clawbacks(session, stripe)
    yield from find_broken_laws(session)


def _ignore(_count: int) -> None:
    """Nobody watches."""

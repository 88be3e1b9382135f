"""The sweep: everything that reconcile() finds, the events that were not applied, and the customers never made.

`flask stripe reconcile` and the jobs share it. Every remedy has a transaction of its own, so one that fails takes no
other with it.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from payapp.billing.customer_sync import list_users_to_sync, sync_customers
from payapp.billing.errors import BillingError
from payapp.billing.reconciliation import Discrepancy, Remedy, reconcile
from payapp.billing.reconciliation.reports import keep_report
from payapp.database.base import expect_reads_only, writing
from payapp.database.clock import utc_now
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import MalformedObjectError, StripeServiceError
from payapp.webhooks.inbox import KeptEvent, list_failed, replay

log = logging.getLogger(__name__)


REPAIRED, REPAIRABLE, FOR_STAFF = "repaired", "can be repaired", "needs staff"


@dataclass(frozen=True)
class Finding:
    """A discrepancy, and in a few words what became of it."""

    discrepancy: Discrepancy
    outcome: str

    @property
    def is_repaired(self) -> bool:
        return self.outcome == REPAIRED

    @property
    def as_told(self) -> dict[str, Any]:
        """What staff read of it."""
        names = ("kind", "about", "sentence", "purchase_id", "user_id", "amount", "currency", "credits")
        return {name: getattr(self.discrepancy, name) for name in names} | {"outcome": self.outcome}


def sweep(
    session: Session,
    stripe: StripeService,
    *,
    since: datetime | None,
    is_repair: bool,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Finding]:
    """Yield everything that reconcile() finds and everything left undone; with `is_repair` put it right. Commits.

    Raises StripeServiceError when Stripe stays silent: what was repaired until then stays repaired, and the next
    sweep does the rest.
    """
    handle = partial(_repair, session) if is_repair else _report
    for discrepancy in reconcile(session, stripe, since=since, on_progress=on_progress):
        yield handle(discrepancy)
    for event in _list_events(session):
        yield handle(_describe_event(event))
    yield from _sync_customers(session, stripe, is_repair)


def sweep_and_log(session: Session, stripe: StripeService, span: timedelta) -> None:
    """Repair what the last `span` has left behind, log it, and keep what is left over for staff.

    From here on the context expects to read only.
    """
    expect_reads_only()
    findings: list[Finding] = []
    stopped_by = None
    try:
        for finding in sweep(session, stripe, since=utc_now() - span, is_repair=True):
            found = finding.discrepancy
            log.warning("%s %s: %s (%s)", found.kind, found.about, found.sentence, finding.outcome)
            findings.append(finding)
    except StripeServiceError as error:
        log.warning("the sweep was stopped, the next one goes on: %s", error)
        stopped_by = str(error)
    session.rollback()
    with writing():
        left = [finding.as_told for finding in findings if not finding.is_repaired]
        keep_report(session, f"{span.days} days", len(findings), left, stopped_by)
        session.commit()


def _report(discrepancy: Discrepancy) -> Finding:
    return Finding(discrepancy, REPAIRABLE if discrepancy.remedy else FOR_STAFF)


def _repair(session: Session, discrepancy: Discrepancy) -> Finding:
    if discrepancy.remedy is None:
        return Finding(discrepancy, FOR_STAFF)
    try:
        _commit(session, discrepancy.remedy)
    except (BillingError, MalformedObjectError) as error:
        session.rollback()
        return Finding(discrepancy, f"{FOR_STAFF}: {error}")
    except Exception as error:
        session.rollback()
        log.exception("could not repair %s (%s)", discrepancy.about, discrepancy.kind)
        return Finding(discrepancy, f"failed: {type(error).__name__}: {error}")
    return Finding(discrepancy, REPAIRED)


def _commit(session: Session, remedy: Remedy) -> None:
    with writing():
        remedy(session)
        session.commit()


def _list_events(session: Session) -> list[KeptEvent]:
    events = list(list_failed(session))
    session.rollback()
    return events


def _describe_event(event: KeptEvent) -> Discrepancy:
    """One in quarantine is not tried again: it moves nothing until staff decide."""
    sentence = f"{event.event_type} about {event.stripe_object_id} is {event.status}: {event.last_error}"
    can_replay = event.status != "quarantined"
    remedy = partial(replay, stripe_event_id=event.stripe_event_id) if can_replay else None
    return Discrepancy("event", event.stripe_event_id, sentence, remedy=remedy)


def _sync_customers(session: Session, stripe: StripeService, is_repair: bool) -> Iterator[Finding]:
    """Stripe is asked to make or change each; sync_customers() gives up when it stays silent."""
    user_ids = list_users_to_sync(session)
    session.rollback()
    if not is_repair:
        yield from (Finding(_describe_user(user_id), REPAIRABLE) for user_id in user_ids)
        return
    untried = dict.fromkeys(user_ids)
    with writing():
        for result in sync_customers(session, stripe, user_ids):
            del untried[result.user_id]
            yield Finding(_describe_user(result.user_id), f"failed: {result.error}" if result.error else REPAIRED)
    yield from (Finding(_describe_user(user_id), "not tried: Stripe does not answer") for user_id in untried)


def _describe_user(user_id: int) -> Discrepancy:
    sentence = "Stripe does not know this user, or by an old address, or still though they are deleted"
    return Discrepancy("customer", f"user {user_id}", sentence, user_id=user_id)

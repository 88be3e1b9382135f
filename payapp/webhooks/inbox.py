"""The inbox: each event is applied once, and what became of it is recorded, in one commit with its effect.

The caller commits. An event that could not be applied is recorded by record_failure() in a transaction of its
own, after the rollback, so that staff see it while Stripe tries again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.orm import Session

from payapp.billing.checkout.accepting import Acceptance, accept_checkout
from payapp.billing.errors import AcceptanceRefusedError, QuarantineError
from payapp.database.base import dialect_insert, table_of
from payapp.database.clock import utc_now
from payapp.stripe_types.objects import CheckoutSession, Event, MalformedObjectError
from payapp.webhooks.handlers import HANDLERS, Handler
from payapp.webhooks.models import EventStatus, StripeEvent

LAST_ERROR_LENGTH_MAX = 2000
TELLS_OF_PAYMENT = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
UNSETTLED = ("received", "failed", "quarantined")

EVENTS = table_of(StripeEvent)


class UnknownEventError(Exception):
    """No event with this id was ever kept here."""

    def __init__(self, stripe_event_id: str) -> None:
        super().__init__(f"no event {stripe_event_id} was kept")
        self.stripe_event_id = stripe_event_id


@dataclass(frozen=True)
class KeptEvent:
    """An event as staff see it: what it is about, and why it was not applied."""

    stripe_event_id: str
    event_type: str
    status: EventStatus
    stripe_object_id: str | None
    last_error: str | None
    received_at: datetime


def process_event(session: Session, event: Event) -> EventStatus:
    """Record the event and apply it, once in a lifetime; return what became of it. Does not commit.

    An event that was applied, ignored or quarantined before changes nothing and is reported as `processed`.
    One that failed before is tried again. A second process with the same event waits at the unique id until
    the first has committed. Raises QuarantineError or MalformedObjectError when staff must look (see
    record_failure()), and whatever the handler raises when trying again may help.
    """
    handler = _find_handler(event)
    row_id = _record(session, event, "processed" if handler else "ignored", None)
    if row_id is None:
        return "processed"
    if handler is None:
        return "ignored"
    if handler(session, event):
        return "processed"
    session.execute(update(StripeEvent).where(StripeEvent.id == row_id).values(status="ignored"))
    return "ignored"


def replay(session: Session, stripe_event_id: str) -> EventStatus:
    """Apply a kept event again, whatever became of it before; return what became of it now. Does not commit.

    Harmless for one that was applied: what it moves hangs on its object, and stands already. Raises
    UnknownEventError, and what the handler raises; the event then stays as it was.
    """
    chosen = EVENTS.c.stripe_event_id == stripe_event_id
    again = update(EVENTS).where(chosen).values(attempts=EVENTS.c.attempts + 1).returning(EVENTS.c.payload)
    payload = session.execute(again).scalar()
    if payload is None:
        raise UnknownEventError(stripe_event_id)
    event = Event.from_payload(payload)
    handler = _find_handler(event)
    status: EventStatus = "processed" if handler and handler(session, event) else "ignored"
    session.execute(update(EVENTS).where(chosen).values(status=status, last_error=None, processed_at=utc_now()))
    return status


def _find_handler(event: Event) -> Handler | None:
    """Return what to do about the event; None when nothing: a type not listed, or the letter of another account."""
    return None if event.is_foreign else HANDLERS.get(event.event_type)


def dismiss(session: Session, stripe_event_id: str, note: str) -> bool:
    """Close an event that failed or is in quarantine: staff decided that it moves nothing. Does not commit.

    It is then `ignored`, with the note beside what was wrong, and may still be replayed. Returns False for one that
    was applied or ignored before; raises UnknownEventError.
    """
    chosen = EVENTS.c.stripe_event_id == stripe_event_id
    row = session.execute(select(EVENTS.c.status, EVENTS.c.last_error).where(chosen)).one_or_none()
    if row is None:
        raise UnknownEventError(stripe_event_id)
    closed = session.execute(
        update(EVENTS)
        .where(chosen, EVENTS.c.status.in_(UNSETTLED))
        .values(status="ignored", last_error=f"{row.last_error} (dismissed: {note})", processed_at=utc_now())
        .returning(EVENTS.c.id)
    )
    return closed.scalar() is not None


def find_to_accept(session: Session, stripe_event_id: str) -> str | None:
    """Return the Checkout session of a payment in quarantine; None when staff accepted it before.

    Raises UnknownEventError, and AcceptanceRefusedError for an event that is no payment in quarantine.
    """
    columns = (EVENTS.c.stripe_object_id, EVENTS.c.event_type, EVENTS.c.status, EVENTS.c.last_error)
    row = session.execute(select(*columns).where(EVENTS.c.stripe_event_id == stripe_event_id)).one_or_none()
    if row is None:
        raise UnknownEventError(stripe_event_id)
    if row.event_type in TELLS_OF_PAYMENT and row.status == "processed" and row.last_error:
        return None  # what was wrong is kept only where staff accepted it
    if row.event_type not in TELLS_OF_PAYMENT or row.status != "quarantined" or row.stripe_object_id is None:
        raise AcceptanceRefusedError(f"{stripe_event_id} ({row.event_type}, {row.status}) is no payment in quarantine")
    return str(row.stripe_object_id)


def accept(session: Session, checkout_session: CheckoutSession, acceptance: Acceptance) -> int | None:
    """Grant a payment in quarantine, and close all events that told of it; return the purchase's id. Does not commit.

    None when it is granted already: somebody was quicker since find_to_accept(). Of two at once the second waits for
    the first one's commit, and finds nothing left. Raises like accept_checkout().
    """
    closed = session.execute(
        update(EVENTS)
        .where(
            EVENTS.c.stripe_object_id == checkout_session.id,
            EVENTS.c.event_type.in_(TELLS_OF_PAYMENT),
            EVENTS.c.status == "quarantined",
        )
        .values(
            status="processed",
            attempts=EVENTS.c.attempts + 1,
            last_error=EVENTS.c.last_error + f" ({acceptance})",
            processed_at=utc_now(),
        )
        .returning(EVENTS.c.id)
    ).all()
    return accept_checkout(session, checkout_session, acceptance) if closed else None


def list_failed(session: Session) -> Sequence[KeptEvent]:
    """Return the events that failed (Stripe may bring them again) or wait for staff in quarantine, oldest first."""
    return _list_kept(session, EVENTS.c.status.in_(UNSETTLED))


def list_events_about(session: Session, stripe_object_ids: Sequence[str]) -> Sequence[KeptEvent]:
    """Return the events about any of these Stripe objects, oldest first."""
    return _list_kept(session, EVENTS.c.stripe_object_id.in_(stripe_object_ids))


def _list_kept(session: Session, condition: ColumnElement[bool]) -> Sequence[KeptEvent]:
    columns = [EVENTS.c[name] for name in KeptEvent.__dataclass_fields__]
    return [KeptEvent(*row) for row in session.execute(select(*columns).where(condition).order_by(EVENTS.c.id))]


def record_failure(session: Session, event: Event, error: Exception) -> EventStatus:
    """Record an event whose handler raised, after the rollback; return `quarantined` or `failed`. Does not commit.

    `quarantined`: what it says does not agree with our books, so trying again can't help. An event that another
    process has applied meanwhile stays as it is.
    """
    needs_staff = isinstance(error, QuarantineError | MalformedObjectError)
    status: EventStatus = "quarantined" if needs_staff else "failed"
    _record(session, event, status, _describe(error, event.api_version))
    return status


def _describe(error: Exception, api_version: str | None) -> str:
    """Return what the error says, without the characters that no database can hold.

    And of what can't be read, in which of Stripe's API versions it was written: an endpoint may have an old one.
    """
    version = f" (API version {api_version})" if isinstance(error, MalformedObjectError) else ""
    text = f"{type(error).__name__}: {error}{version}"[:LAST_ERROR_LENGTH_MAX]
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _record(session: Session, event: Event, status: EventStatus, last_error: str | None) -> int | None:
    """Insert the event, or take up one that failed before; None when it stands with a final status."""
    values = describe_event(event, status) | {"last_error": last_error}
    row_id: int | None = session.execute(_build_upsert(dialect_insert(session)), values).scalar()
    return row_id


def describe_event(event: Event, status: EventStatus) -> dict[str, Any]:
    """Return the event's row, by column."""
    now = utc_now()
    return {
        "stripe_event_id": event.id,
        "event_type": event.event_type,
        "stripe_object_id": event.object_id,
        "payload": event.payload,
        "status": status,
        "attempts": 1,
        "created_at": event.created_at,
        "received_at": now,
        "processed_at": None if status == "failed" else now,
    }


@cache
def _build_upsert(insert: Callable[[Table], Any]) -> Any:
    """Built once an engine: SQLAlchemy takes longer to build a statement than the database to run it."""
    statement = insert(EVENTS)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[EVENTS.c.stripe_event_id],
        set_={
            "status": new.status,
            "last_error": new.last_error,
            "processed_at": new.processed_at,
            "attempts": EVENTS.c.attempts + 1,
        },
        where=EVENTS.c.status.in_(("received", "failed")),
    ).returning(EVENTS.c.id)

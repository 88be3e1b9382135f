"""Stripe's events that staff deal with: applied again, or decided upon when they are in quarantine."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.audit import Reason, write_down
from payapp.audit.models import Act
from payapp.billing.checkout.accepting import Acceptance
from payapp.billing.models import Purchase
from payapp.stripe_service import StripeService
from payapp.webhooks.inbox import EVENTS, UnknownEventError, accept, dismiss, find_to_accept, process_event, replay
from payapp.webhooks.models import EventStatus


def replay_event(session: Session, stripe: StripeService, reason: Reason, event_id: str) -> EventStatus:
    """Apply an event again; one that never came is fetched from Stripe first. Return what became of it.

    Raises StripeServiceError, and what the event's handler raises: the event then stays as it was.
    """
    before = _look_at(session, event_id)
    try:
        status = replay(session, event_id)
    except UnknownEventError:
        session.rollback()  # nothing is open while Stripe is asked
        status = process_event(session, stripe.get_event(event_id))
    _write(session, reason, "event_replayed", event_id, before)
    return status


def dismiss_event(session: Session, reason: Reason, event_id: str) -> bool:
    """Close an event that failed or is in quarantine. False for one that is settled; raises UnknownEventError."""
    before = _look_at(session, event_id)
    is_closed = dismiss(session, event_id, reason.note.strip())
    if is_closed:
        _write(session, reason, "event_dismissed", event_id, before)
    return is_closed


def accept_event(
    session: Session, stripe: StripeService, reason: Reason, event_id: str, accepted_by: str
) -> int | None:
    """Grant the payment in quarantine that the event tells of; return the purchase's id, None when it was before.

    Ends the transaction before Stripe is asked about the payment. `accepted_by` stands in the ledger, where the
    customer reads it. Raises UnknownEventError, AcceptanceRefusedError, QuarantineError and StripeServiceError.
    """
    acceptance = Acceptance(accepted_by, reason.note)
    checkout_session_id = find_to_accept(session, event_id)
    session.rollback()
    if checkout_session_id is None:
        return None
    checkout_session = stripe.get_checkout_session(checkout_session_id)
    before = _look_at(session, event_id)
    purchase_id = accept(session, checkout_session, acceptance)
    if _look_at(session, event_id) != before:  # else somebody was quicker
        owner = select(Purchase.user_id).where(Purchase.stripe_checkout_session_id == checkout_session_id)
        _write(session, reason, "event_accepted", event_id, before, session.scalar(owner), {"purchase": purchase_id})
    return purchase_id


def _look_at(session: Session, event_id: str) -> dict[str, Any]:
    """Return how the event stands; nothing where none was kept."""
    columns = (EVENTS.c.status, EVENTS.c.attempts, EVENTS.c.last_error)
    row = session.execute(select(*columns).where(EVENTS.c.stripe_event_id == event_id)).one_or_none()
    return dict(row._mapping) if row else {}


def _write(
    session: Session,
    reason: Reason,
    act: Act,
    event_id: str,
    before: dict[str, Any],
    user_id: int | None = None,
    more: dict[str, Any] | None = None,
) -> None:
    after = _look_at(session, event_id) | (more or {})
    write_down(session, reason, act, user_id=user_id, subject=f"event:{event_id}", before=before, after=after)

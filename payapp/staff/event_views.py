"""Stripe's events as staff see them. Reading only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.database.paging import NewestFirst, Place, read_page
from payapp.webhooks.inbox import EVENTS
from payapp.webhooks.models import EventStatus


@dataclass(frozen=True)
class EventLine:
    """An event in the list."""

    id: int
    stripe_event_id: str
    event_type: str
    status: EventStatus
    stripe_object_id: str | None
    attempts: int
    last_error: str | None
    received_at: datetime


@dataclass(frozen=True)
class EventView(EventLine):
    """An event, and its letter as it came."""

    created_at: datetime
    processed_at: datetime | None
    payload: str


def list_events(session: Session, status: EventStatus | None, place: Place) -> NewestFirst[EventLine]:
    """Return a page of the events, or of those with this status."""
    columns = [EVENTS.c[name] for name in EventLine.__dataclass_fields__]
    group = None if status is None else (EVENTS.c.status, status)
    return read_page(session, select(*columns), EventLine, place, row_id=EVENTS.c.id, group=group)


def find_event(session: Session, stripe_event_id: str) -> EventView | None:
    """Return the event with this id of Stripe's; None if none was kept."""
    columns = [EVENTS.c[name] for name in EventView.__dataclass_fields__]
    row = session.execute(select(*columns).where(EVENTS.c.stripe_event_id == stripe_event_id)).one_or_none()
    return EventView(*row) if row else None


def count_events(session: Session, status: EventStatus, at_most: int) -> int:
    """Return how many events have this status, `at_most` when there are more."""
    some = select(EVENTS.c.id).where(EVENTS.c.status == status).limit(at_most)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0

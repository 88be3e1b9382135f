"""Recording an event that tells of a payment, and granting it, as one PostgreSQL statement; the rest is the inbox's."""

from sqlalchemy import Engine

from payapp.billing.checkout.one_statement import FULFILL, fulfill_values
from payapp.database.one_statement import attempt, can_attempt
from payapp.stripe_types.objects import CheckoutSession, Event
from payapp.webhooks.inbox import TELLS_OF_PAYMENT, describe_event
from payapp.webhooks.models import EventStatus

# The beginning of the statement writes the same row as _record().
FULFILL_AT_ONCE = FULFILL.complete(f"""
    INSERT INTO stripe_events (stripe_event_id, event_type, stripe_object_id, payload, status, attempts, last_error,
                               created_at, received_at, processed_at)
    SELECT %(stripe_event_id)s, %(event_type)s, %(stripe_object_id)s, %(payload)s, 'processed', 1, NULL,
           %(created_at)s, %(received_at)s, %(processed_at)s
    WHERE {FULFILL.is_possible}
    ON CONFLICT (stripe_event_id) DO UPDATE
    SET status = excluded.status, last_error = NULL, processed_at = excluded.processed_at,
        attempts = stripe_events.attempts + 1
    WHERE stripe_events.status IN ('received', 'failed')
    RETURNING id""")  # nosec B608  # only constants


def process_at_once(engine: Engine, event: Event) -> EventStatus | None:
    """Record an event that tells of a payment, and grant it, in a transaction of one PostgreSQL statement.

    None when nothing has happened: then process_event() is to do it, and finds out what is different this time. Raises
    MalformedObjectError and sqlalchemy's OperationalError.
    """
    if event.event_type not in TELLS_OF_PAYMENT or event.is_foreign or not can_attempt(engine):
        return None
    values = fulfill_values(CheckoutSession.from_object(event.object))
    if values is None:
        return None
    return "processed" if attempt(engine, FULFILL_AT_ONCE, {**describe_event(event, "processed"), **values}) else None

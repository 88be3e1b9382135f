"""webhooks.inbox: what is kept of an event that could not be applied."""

import pytest
from sqlalchemy.orm import Session

from payapp.billing.errors import QuarantineError
from payapp.stripe_objects import Event, MalformedObjectError
from payapp.webhooks.inbox import process_event, record_failure
from tests.factories import event_payload
from tests.webhooks.delivering import get_only_event

EVENT = Event.from_payload(event_payload("customer.updated", {}, id="evt_inbox"))


@pytest.mark.parametrize(
    ("error", "status", "last_error"),
    [
        (RuntimeError("on fire"), "failed", "RuntimeError: on fire"),
        (QuarantineError("wrong amount"), "quarantined", "QuarantineError: wrong amount"),
        (MalformedObjectError("no id"), "quarantined", "MalformedObjectError: no id"),
        (KeyError(), "failed", "KeyError: "),
        (ValueError("a\0b \ud800 ü"), "failed", "ValueError: ab ? ü"),
        (ValueError("x" * 5000), "failed", "ValueError: " + "x" * 1988),
    ],
    ids=range(6),
)
def test_it_records_a_failure_with_an_error_of_any_kind(
    session: Session, error: Exception, status: str, last_error: str
) -> None:
    assert record_failure(session, EVENT, error) == status
    session.commit()
    event = get_only_event(session)
    assert (event.status, event.last_error, event.attempts) == (status, last_error, 1)
    assert (event.processed_at is None) == (status == "failed")


def test_it_counts_the_attempts_until_one_works(session: Session) -> None:
    for _ in range(3):
        record_failure(session, EVENT, RuntimeError("on fire"))
    assert process_event(session, EVENT) == "ignored"
    session.commit()
    event = get_only_event(session)
    assert (event.status, event.attempts, event.last_error) == ("ignored", 4, None)


def test_it_leaves_an_event_alone_that_another_process_has_applied_meanwhile(session: Session) -> None:
    process_event(session, EVENT)
    record_failure(session, EVENT, RuntimeError("too late"))
    session.commit()
    event = get_only_event(session)
    assert (event.status, event.attempts, event.last_error) == ("ignored", 1, None)


def test_it_leaves_a_quarantined_event_to_staff(session: Session) -> None:
    record_failure(session, EVENT, QuarantineError("wrong amount"))
    assert process_event(session, EVENT) == "processed"
    session.commit()
    assert get_only_event(session).status == "quarantined"

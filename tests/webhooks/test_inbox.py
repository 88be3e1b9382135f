"""webhooks.inbox: what is kept of an event that could not be applied."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance
from payapp.stripe_types.objects import Event, MalformedObjectError
from payapp.webhooks.inbox import UnknownEventError, dismiss, list_failed, process_event, record_failure, replay
from tests.factories import checkout_session_object, event_payload, make_purchase, make_user
from tests.webhooks.delivering import get_only_event

COMPLETED = "checkout.session.completed"
EVENT = Event.from_payload(event_payload("customer.updated", {}, id="evt_inbox"))


@pytest.mark.parametrize(
    ("error", "status", "last_error"),
    [
        (RuntimeError("on fire"), "failed", "RuntimeError: on fire"),
        (QuarantineError("wrong amount"), "quarantined", "QuarantineError: wrong amount"),
        (MalformedObjectError("no id"), "quarantined", "MalformedObjectError: no id (API version 2026-01-01)"),
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


# ---- replay(): staff try again


def keep(session: Session, purchase: Purchase, error: Exception | None = None, **fields: Any) -> str:
    """Let the purchase's paid session come in, or be kept with an error; return the event's id."""
    event = Event.from_payload(event_payload(COMPLETED, checkout_session_object(purchase, **fields)))
    process_event(session, event) if error is None else record_failure(session, event, error)
    session.commit()
    return event.id


@pytest.mark.parametrize("error", [RuntimeError("on fire"), QuarantineError("wrong amount")], ids=type)
def test_replay_applies_what_was_not_applied(session: Session, error: Exception) -> None:
    purchase = make_purchase(session, make_user(session))
    event_id = keep(session, purchase, error)
    assert [(kept.stripe_event_id, kept.stripe_object_id) for kept in list_failed(session)] == [
        (event_id, purchase.stripe_checkout_session_id)
    ]
    assert replay(session, event_id) == "processed"
    session.commit()
    event = get_only_event(session)
    assert (event.status, event.attempts, event.last_error) == ("processed", 2, None)
    assert (list_failed(session), get_balance(session, purchase.user_id).posted) == ([], 500)


def test_replay_of_an_applied_event_changes_nothing(session: Session) -> None:
    purchase = make_purchase(session, make_user(session))
    event_id = keep(session, purchase)
    assert replay(session, event_id) == "processed"
    assert get_balance(session, purchase.user_id).posted == 500


def test_replay_of_what_still_does_not_agree_leaves_it_as_it_was(session: Session) -> None:
    purchase = make_purchase(session, make_user(session))
    event_id = keep(session, purchase, QuarantineError("wrong amount"), amount_total=1)
    with pytest.raises(QuarantineError):
        replay(session, event_id)
    session.rollback()
    event = get_only_event(session)
    assert (event.status, event.attempts, event.last_error) == ("quarantined", 1, "QuarantineError: wrong amount")


def test_replay_of_an_unknown_event_is_an_error(session: Session) -> None:
    with pytest.raises(UnknownEventError, match="evt_nowhere"):
        replay(session, "evt_nowhere")


def test_replay_of_a_type_without_a_handler_is_ignored(session: Session) -> None:
    process_event(session, EVENT)
    assert replay(session, EVENT.id) == "ignored"


def test_dismiss_closes_what_waits_for_staff(session: Session) -> None:
    purchase = make_purchase(session, make_user(session))
    event_id = keep(session, purchase, QuarantineError("wrong amount"))
    assert dismiss(session, event_id, "a test of ours")
    session.commit()
    event = get_only_event(session)
    assert (event.status, list_failed(session)) == ("ignored", [])
    assert event.last_error == "QuarantineError: wrong amount (dismissed: a test of ours)"
    assert not dismiss(session, event_id, "again")
    assert replay(session, event_id) == "processed"  # staff may think again


def test_dismiss_leaves_an_applied_event_alone(session: Session) -> None:
    event_id = keep(session, make_purchase(session, make_user(session)))
    assert not dismiss(session, event_id, "too late")
    assert get_only_event(session).status == "processed"
    with pytest.raises(UnknownEventError):
        dismiss(session, "evt_nowhere", "what?")

"""Events of customers: a deleted one is forgotten; what else is changed in the dashboard never comes to us."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.webhooks.handlers import HANDLERS
from tests.factories import event_payload, make_user
from tests.webhooks.delivering import deliver, list_events

DELETED = "customer.deleted"


def customer_of(user: User, **fields: object) -> dict[str, object]:
    return {"id": user.stripe_customer_id, "object": "customer", "email": user.email, "metadata": {}} | fields


def state_of(session: Session, user: User) -> tuple[str | None, str, object, str | None, str]:
    session.rollback()
    session.refresh(user)
    found = (
        user.stripe_customer_id,
        user.stripe_customer_key,
        user.stripe_customer_requested_at,
        user.stripe_customer_email,
        user.email,
    )
    session.rollback()
    return found


def test_a_deleted_customer_is_forgotten(client: FlaskClient, session: Session) -> None:
    user, noise = make_user(session), make_user(session)
    _, key, *_ = state_of(session, user)
    before = state_of(session, noise)
    assert deliver(client, event_payload("customer.deleted", customer_of(user))).text == "processed\n"
    customer_id, new_key, requested_at, customer_email, _ = state_of(session, user)
    assert (customer_id, requested_at, customer_email) == (None, None, None)
    assert new_key.startswith("customer:")
    assert new_key != key
    assert state_of(session, noise) == before


def test_told_twice_or_late_it_changes_nothing_more(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    deleted = customer_of(user)
    deliver(client, event_payload(DELETED, deleted))
    user.stripe_customer_id, user.stripe_customer_email = "cus_new", user.email
    session.commit()
    before = state_of(session, user)
    assert deliver(client, event_payload(DELETED, deleted)).text == "ignored\n"
    assert state_of(session, user) == before
    assert [event.status for event in list_events(session)] == ["processed", "ignored"]


@pytest.mark.parametrize("stranger", [{"id": "cus_of_somebody_else"}, {"id": None}, {"id": {}}, {}])
def test_a_strangers_customer_is_ignored(client: FlaskClient, session: Session, stranger: dict[str, object]) -> None:
    user = make_user(session)
    before = state_of(session, user)
    assert deliver(client, event_payload(DELETED, stranger)).text == "ignored\n"
    assert state_of(session, user) == before


@pytest.mark.parametrize("event_type", ["customer.updated", "customer.created"])
def test_a_change_in_the_dashboard_changes_nothing_here(client: FlaskClient, session: Session, event_type: str) -> None:
    user = make_user(session)
    before = state_of(session, user)
    changed = customer_of(user, email="dashboard@example.com", metadata={"userId": "999"})
    assert deliver(client, event_payload(event_type, changed)).text == "ignored\n"
    assert state_of(session, user) == before
    assert [event for event in HANDLERS if event.startswith("customer.")] == [DELETED]

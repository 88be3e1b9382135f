"""POST /webhooks/stripe: verify, record, process, answer."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance
from payapp.ledger.posting import grant
from payapp.ledger.verification import verify
from payapp.stripe_types.objects import Event
from payapp.webhooks.handlers import HANDLERS
from tests.factories import event_payload, make_user, signature_of
from tests.webhooks.delivering import (
    COMPLETED,
    SUCCEEDED,
    count_of_events,
    deliver,
    event_about,
    get_only_event,
    grants_of,
    list_events,
    post,
)


def test_it_works(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    payload = event_about(purchase, event_id="evt_1", payment_status="paid")
    answer = deliver(client, payload)
    assert (answer.status_code, answer.text) == (200, "processed\n")
    assert grants_of(session, purchase) == 1
    assert get_balance(session, purchase.user_id).posted == 500
    assert verify(session) == []


def test_it_keeps_the_event_as_it_came(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    payload = event_payload(COMPLETED, {"id": "x"}, id="evt_1", created=1_700_000_000, note="Zoë 😀").replace(
        "\\u00eb", "ë"
    )
    deliver(client, payload)
    event = get_only_event(session)
    assert (event.stripe_event_id, event.event_type, event.payload) == ("evt_1", COMPLETED, payload)
    assert event.created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_it_records_what_was_processed(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    deliver(client, event_about(purchase))
    event = get_only_event(session)
    assert (event.status, event.attempts, event.last_error) == ("processed", 1, None)
    assert event.processed_at is not None


def test_it_answers_a_duplicate_with_2xx_and_changes_nothing(
    client: FlaskClient, session: Session, purchase: Purchase
) -> None:
    payload = event_about(purchase)
    assert [deliver(client, payload).status_code for _ in range(3)] == [200, 200, 200]
    assert (grants_of(session, purchase), get_only_event(session).attempts) == (1, 1)


def test_it_grants_once_for_twin_events_of_one_fact(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    for event_type in (COMPLETED, SUCCEEDED, COMPLETED):
        assert deliver(client, event_about(purchase, event_type)).status_code == 200
    assert grants_of(session, purchase) == 1
    assert [event.status for event in list_events(session)] == ["processed"] * 3


def test_it_keeps_an_unknown_type_as_ignored(client: FlaskClient, session: Session) -> None:
    assert deliver(client, event_payload("customer.tax_id.created", {"id": "txi_1"})).status_code == 200
    event = get_only_event(session)
    assert (event.event_type, event.status, event.last_error) == ("customer.tax_id.created", "ignored", None)


def test_it_keeps_a_strangers_session_as_ignored(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    answer = deliver(client, event_about(purchase, id="cs_test_stranger", metadata={"order": "17"}))
    assert (answer.status_code, get_only_event(session).status) == (200, "ignored")
    assert purchase.status == "pending"


def test_it_quarantines_what_does_not_agree(client: FlaskClient, session: Session, purchase: Purchase) -> None:
    answer = deliver(client, event_about(purchase, amount_total=1))
    assert (answer.status_code, answer.text) == (200, "quarantined\n")
    event = get_only_event(session)
    assert (event.status, event.attempts) == ("quarantined", 1)
    assert "does not agree with purchase" in (event.last_error or "")
    assert (grants_of(session, purchase), purchase.status) == (0, "pending")


def test_it_quarantines_an_object_it_can_not_read(client: FlaskClient, session: Session) -> None:
    assert deliver(client, event_payload(COMPLETED, {"object": "checkout.session"})).status_code == 200
    event = get_only_event(session)
    assert (event.status, event.last_error) == (
        "quarantined",
        "MalformedObjectError: this checkout.session can't be read: KeyError('id') (API version 2026-01-01)",
    )


def test_it_answers_a_duplicate_of_a_quarantined_event_with_2xx(
    client: FlaskClient, session: Session, purchase: Purchase
) -> None:
    payload = event_about(purchase, amount_total=1)
    assert [deliver(client, payload).status_code for _ in range(2)] == [200, 200]
    event = get_only_event(session)
    assert (event.status, event.attempts) == ("quarantined", 1)


def test_it_answers_503_while_no_secret_is_set(settings: dict[str, str], request: pytest.FixtureRequest) -> None:
    settings["STRIPE_WEBHOOK_SECRET"] = ""
    app: Flask = request.getfixturevalue("app")
    session: Session = request.getfixturevalue("session")
    payload = event_payload("customer.updated", {})
    for signature in (signature_of(payload), signature_of(payload, ""), None):
        assert post(app.test_client(), payload.encode(), signature).status_code == 503
    assert count_of_events(session) == 0


def test_it_takes_several_secrets(settings: dict[str, str], request: pytest.FixtureRequest) -> None:
    settings["STRIPE_WEBHOOK_SECRET"] = "whsec_old, whsec_new"
    client: FlaskClient = request.getfixturevalue("app").test_client()
    payload = event_payload("customer.updated", {})
    statuses = [deliver(client, payload, secret=secret).status_code for secret in ("whsec_old", "whsec_new", "whsec_x")]
    assert statuses == [200, 200, 400]


def test_it_asks_for_no_csrf_token_and_no_login(client: FlaskClient, session: Session) -> None:
    answer = deliver(client, event_payload("customer.updated", {}))
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (200, [])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_it_takes_post_only(client: FlaskClient, method: str) -> None:
    assert client.open("/webhooks/stripe", method=method).status_code == 405


# ---- a handler that fails


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """Makes the handler of `test.failing` grant five credits, and raise what is in this list, first things first."""
    errors: list[Exception] = []

    def grant_and_fail(session: Session, event: Event) -> bool:
        grant(session, event.object["userId"], 5, idempotency_key=f"test:{event.id}")
        if errors:
            raise errors.pop(0)
        return True

    monkeypatch.setitem(HANDLERS, "test.failing", grant_and_fail)
    return errors


def test_it_rolls_everything_back_when_the_handler_fails_and_keeps_the_error(
    client: FlaskClient, session: Session, failing: list[Exception]
) -> None:
    user = make_user(session)
    failing.append(RuntimeError("the printer is on fire"))
    answer = deliver(client, event_payload("test.failing", {"userId": user.id}))
    assert answer.status_code == 500
    event = get_only_event(session)
    assert (event.status, event.attempts, event.processed_at) == ("failed", 1, None)
    assert event.last_error == "RuntimeError: the printer is on fire"
    assert (get_balance(session, user.id).posted, verify(session)) == (0, [])


def test_it_tries_again_when_a_failed_event_is_redelivered(
    client: FlaskClient, session: Session, failing: list[Exception]
) -> None:
    user = make_user(session)
    failing.extend([RuntimeError("once"), RuntimeError("twice")])
    payload = event_payload("test.failing", {"userId": user.id})
    assert [deliver(client, payload).status_code for _ in range(4)] == [500, 500, 200, 200]
    event = get_only_event(session)
    assert (event.status, event.attempts, event.last_error) == ("processed", 3, None)
    assert (get_balance(session, user.id).posted, verify(session)) == (5, [])


def test_it_answers_503_and_keeps_nothing_when_the_database_fails_on_the_way(
    client: FlaskClient, session: Session, failing: list[Exception]
) -> None:
    """A deadlock, a lost connection: nothing is wrong with the event, and it comes again."""
    user = make_user(session)
    failing.append(OperationalError("UPDATE", {}, Exception("deadlock detected")))
    payload = event_payload("test.failing", {"userId": user.id})
    assert deliver(client, payload).status_code == 503
    assert count_of_events(session) == 0
    assert deliver(client, payload).status_code == 200
    assert get_balance(session, user.id).posted == 5


def test_it_fails_whole_when_the_database_refuses_the_entry(
    client: FlaskClient, session: Session, purchase: Purchase
) -> None:
    """The key of the purchase's grant stands for something else: no test code in the application's way."""
    user_id = make_user(session).id
    grant(session, user_id, 1, idempotency_key=f"purchase:{purchase.id}")
    session.commit()
    assert deliver(client, event_about(purchase)).status_code == 500
    event = get_only_event(session)
    assert (event.status, (event.last_error or "").split(":")[0]) == ("failed", "IdempotencyConflictError")
    assert (purchase.status, get_balance(session, purchase.user_id).posted) == ("pending", 0)


# ---- every event type has a handler that does what its line says


@pytest.mark.parametrize(
    ("event_type", "fields", "status", "credits"),
    [
        ("checkout.session.completed", {}, "fulfilled", 500),
        ("checkout.session.completed", {"payment_status": "unpaid"}, "pending", 0),
        ("checkout.session.async_payment_succeeded", {}, "fulfilled", 500),
        ("checkout.session.async_payment_failed", {"payment_status": "unpaid"}, "failed", 0),
        ("checkout.session.expired", {"status": "expired", "payment_status": "unpaid"}, "expired", 0),
    ],
)
def test_it_handles(
    client: FlaskClient,
    session: Session,
    purchase: Purchase,
    event_type: str,
    fields: dict[str, Any],
    status: str,
    credits: int,
) -> None:
    assert deliver(client, event_about(purchase, event_type, **fields)).text == "processed\n"
    assert (purchase.status, get_balance(session, purchase.user_id).posted) == (status, credits)
    assert session.scalars(select(Purchase.status).where(Purchase.id != purchase.id)).all() == ["pending"]


def test_every_event_type_of_checkout_sessions_is_tested_above() -> None:
    marks: Any = test_it_handles
    ours = {event_type for event_type in HANDLERS if event_type.startswith("checkout.")}
    assert {case[0] for case in marks.pytestmark[0].args[1]} == ours

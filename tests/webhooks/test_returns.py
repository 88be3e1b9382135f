"""Every event type of refunds and disputes, signed and delivered: what it does, and what becomes of the event."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance
from payapp.webhooks.handlers import HANDLERS
from tests.factories import charge_object, dispute_object, event_payload, refund_object
from tests.webhooks.delivering import deliver, event_about, list_events

RETURNS: list[tuple[str, Any, int]] = [
    ("refund.created", lambda purchase: refund_object(purchase, amount=1950, status="pending"), 250),
    ("refund.updated", lambda purchase: refund_object(purchase, amount=1950), 250),
    ("refund.failed", lambda purchase: refund_object(purchase, status="failed"), 500),
    ("charge.refund.updated", lambda purchase: refund_object(purchase, amount=1950), 250),
    ("charge.refunded", lambda purchase: charge_object(purchase, 1950), 250),
    ("charge.dispute.created", lambda purchase: dispute_object(purchase), 0),
    ("charge.dispute.updated", lambda purchase: dispute_object(purchase, "under_review"), 0),
    ("charge.dispute.funds_withdrawn", lambda purchase: dispute_object(purchase), 0),
    ("charge.dispute.funds_reinstated", lambda purchase: dispute_object(purchase, "lost", reinstated=1950), 250),
    ("charge.dispute.closed", lambda purchase: dispute_object(purchase, "lost"), 0),
]


@pytest.mark.parametrize(("event_type", "snapshot", "credits"), RETURNS)
def test_it_handles(
    client: FlaskClient, session: Session, purchase: Purchase, event_type: str, snapshot: Any, credits: int
) -> None:
    deliver(client, event_about(purchase))
    assert deliver(client, event_payload(event_type, snapshot(purchase))).text == "processed\n"
    session.rollback()
    assert get_balance(session, purchase.user_id).posted == credits


def test_every_event_type_of_returned_money_is_tested_above() -> None:
    ours = {event_type for event_type in HANDLERS if event_type.startswith(("refund.", "charge."))}
    assert {event_type for event_type, _, _ in RETURNS} == ours


def test_one_before_the_purchase_is_kept_and_counts_later(
    client: FlaskClient, session: Session, purchase: Purchase
) -> None:
    """Nobody can tell yet whose payment it is; the row of the refund can."""
    assert deliver(client, event_payload("refund.created", refund_object(purchase))).text == "ignored\n"
    deliver(client, event_about(purchase))
    session.rollback()
    assert get_balance(session, purchase.user_id).posted == 0


def test_one_that_does_not_agree_is_quarantined_and_moves_nothing(
    client: FlaskClient, session: Session, purchase: Purchase
) -> None:
    deliver(client, event_about(purchase))
    answer = deliver(client, event_payload("refund.created", refund_object(purchase, currency="eur")))
    assert (answer.status_code, answer.text) == (200, "quarantined\n")
    assert [event.status for event in list_events(session)] == ["processed", "quarantined"]
    assert get_balance(session, purchase.user_id).posted == 500


@pytest.mark.parametrize("livemode", [True, None, "false"])
def test_one_of_another_mode_is_not_applied(
    client: FlaskClient, session: Session, purchase: Purchase, livemode: object
) -> None:
    deliver(client, event_about(purchase))
    payload = event_payload("refund.created", refund_object(purchase), livemode=livemode)
    assert deliver(client, payload).status_code in (200, 400)
    session.rollback()
    assert get_balance(session, purchase.user_id).posted == 500


@pytest.mark.parametrize("is_granted", [True, False])
@pytest.mark.parametrize("field", ["id", "amount", "currency", "status", "payment_intent", "charge", "created"])
def test_odd_values_are_quarantined_or_ignored(
    client: FlaskClient, session: Session, purchase: Purchase, field: str, is_granted: bool
) -> None:
    if is_granted:
        deliver(client, event_about(purchase))
    snapshots = {
        "refund.created": refund_object(purchase),
        "charge.dispute.created": dispute_object(purchase),
        "charge.refunded": charge_object(purchase, 3900),
    }
    odd_values: list[object] = [-1, 10**30, True, 1.5, "", "x" * 300, [], {}, {"id": None}]
    for value in odd_values:
        for event_type, snapshot in snapshots.items():
            answer = deliver(client, event_payload(event_type, snapshot | {field: value}))
            assert answer.status_code == 200, (event_type, value)


@pytest.mark.parametrize("movements", [None, {}, [1], [{}], [{"amount": "1"}]])
def test_odd_movements_of_a_dispute_are_quarantined(client: FlaskClient, purchase: Purchase, movements: object) -> None:
    snapshot = dispute_object(purchase, balance_transactions=movements)
    assert deliver(client, event_payload("charge.dispute.created", snapshot)).text == "quarantined\n"

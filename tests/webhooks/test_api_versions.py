"""Events in the shapes of older API versions: understood, or kept for staff, never ignored in silence."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance
from tests.factories import charge_object, checkout_session_object, dispute_object, event_payload, refund_object
from tests.webhooks.delivering import COMPLETED, deliver, event_about, list_events

OLD = "2019-03-14"


@pytest.mark.parametrize(("status", "credits"), [("succeeded", 250), ("failed", 500)])
def test_the_refunds_of_older_versions_are_understood(
    client: FlaskClient, session: Session, purchase: Purchase, status: str, credits: int
) -> None:
    deliver(client, event_about(purchase))
    created = refund_object(purchase, "re_1", amount=1950)
    deliver(client, event_payload("charge.refunded", charge_object(purchase, 1950), api_version=OLD))
    payload = event_payload("charge.refund.updated", created | {"status": status}, api_version=OLD)
    assert deliver(client, payload).text == "processed\n"
    session.rollback()
    assert get_balance(session, purchase.user_id).posted == credits


@pytest.mark.parametrize(
    ("event_type", "missing"),
    [
        (COMPLETED, ("status",)),
        (COMPLETED, ("payment_status", "expires_at")),
        ("charge.refund.updated", ("payment_intent",)),
        ("charge.refunded", ("payment_intent",)),
        ("charge.dispute.closed", ("payment_intent",)),
    ],
)
def test_what_an_older_version_lacks_waits_for_staff(
    client: FlaskClient, session: Session, purchase: Purchase, event_type: str, missing: tuple[str, ...]
) -> None:
    snapshots = {
        COMPLETED: checkout_session_object(purchase),
        "charge.refund.updated": refund_object(purchase, "re_1", amount=1950),
        "charge.refunded": charge_object(purchase, 1950),
        "charge.dispute.closed": dispute_object(purchase),
    }
    snapshot = {name: value for name, value in snapshots[event_type].items() if name not in missing}
    assert deliver(client, event_payload(event_type, snapshot, api_version=OLD)).text == "quarantined\n"
    [event] = list_events(session)
    assert str(event.last_error).endswith(f"(API version {OLD})")

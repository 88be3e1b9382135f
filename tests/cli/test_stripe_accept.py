"""flask stripe accept EVENT_ID --note TEXT [--by TEXT]"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from payapp.billing.checkout.accepting import Acceptance
from payapp.billing.models import Purchase
from payapp.billing.returns.clawbacks import record_dispute
from payapp.cli import stripe_commands
from payapp.extensions import db
from payapp.ledger.balances import list_entries
from payapp.ledger.verification import verify
from payapp.stripe_types.returns import Dispute
from payapp.webhooks.inbox import accept
from payapp.webhooks.models import StripeEvent
from tests.billing.reconciling import Town, credits_of
from tests.cli.conftest import RunCommand
from tests.factories import dispute_object, event_payload
from tests.webhooks.delivering import COMPLETED, SUCCEEDED, deliver, grants_of, list_events

EUROS = {"currency": "eur", "amount_total": 3600}
WHY = ("--note", "paid in euros", "--by", "ada")


@pytest.fixture
def town(session: Session, monkeypatch: pytest.MonkeyPatch) -> Town:
    town = Town(session)
    monkeypatch.setattr(stripe_commands, "get_stripe", lambda: town.stripe)
    return town


def quarantine(app: Flask, town: Town, event_type: str = COMPLETED, **told: Any) -> tuple[Purchase, str]:
    """Have a payment told that does not agree with the books; return its purchase and its event's id."""
    purchase = town.buy(is_told=False, **(told or EUROS))
    return purchase, tell(app, town, purchase, event_type)


def tell(app: Flask, town: Town, purchase: Purchase, event_type: str = COMPLETED) -> str:
    snapshot = town.stripe.objects["session"][str(purchase.stripe_checkout_session_id)]
    town.session.rollback()
    deliver(app.test_client(), event_payload(event_type, snapshot))
    return list_events(town.session)[-1].stripe_event_id


def test_it_grants_what_was_paid_in_another_currency(app: Flask, town: Town, run: RunCommand) -> None:
    purchase, event_id = quarantine(app, town)
    tell(app, town, purchase, SUCCEEDED)
    assert [event.status for event in list_events(town.session)] == ["quarantined"] * 2
    result = run("stripe", "accept", event_id, *WHY)
    assert (result.exit_code, result.stdout) == (0, f"{event_id}: purchase {purchase.id} granted\n")
    events = list_events(town.session)
    assert [event.status for event in events] == ["processed"] * 2
    assert str(events[0].last_error).endswith("(Accepted by ada: paid in euros)")
    assert credits_of(town) == 500
    [entry] = list_entries(town.session, purchase.user_id, limit=9)
    assert entry.note == "Growth package. Accepted by ada: paid in euros"
    assert town.find() == []
    assert verify(town.session) == []


def test_repeating_it_changes_nothing(app: Flask, town: Town, run: RunCommand) -> None:
    purchase, event_id = quarantine(app, town)
    run("stripe", "accept", event_id, *WHY)
    again = run("stripe", "accept", event_id, *WHY)
    assert (again.exit_code, again.stdout) == (0, f"{event_id}: settled before\n")
    tell(app, town, purchase)
    assert run("stripe", "replay", event_id).exit_code == 0
    assert (credits_of(town), grants_of(town.session, purchase)) == (500, 1)


def test_a_refund_is_then_reckoned_by_what_was_paid(app: Flask, town: Town, run: RunCommand) -> None:
    purchase, event_id = quarantine(app, town)
    run("stripe", "accept", event_id, *WHY)
    town.session.rollback()
    town.refund(purchase, 1800, currency="eur")
    assert credits_of(town) == 250
    assert town.find() == []


def refund_it(town: Town, purchase: Purchase) -> None:
    town.refund(purchase, 100, currency="eur")


def dispute_it(town: Town, purchase: Purchase) -> None:
    snapshot = dispute_object(purchase, status="warning_needs_response", currency="eur")
    record_dispute(town.session, Dispute.from_object(snapshot))
    town.session.commit()


def leave_it_unpaid(town: Town, purchase: Purchase) -> None:
    town.put(purchase, payment_status="unpaid", **EUROS)


def let_another_pay(town: Town, purchase: Purchase) -> None:
    town.put(purchase, customer="cus_other", **EUROS)


def pay_nothing(town: Town, purchase: Purchase) -> None:
    town.put(purchase, amount_total=0)


def apply_it(town: Town, purchase: Purchase) -> None:
    town.session.execute(update(StripeEvent).values(status="processed", last_error=None))
    town.session.commit()


@pytest.mark.parametrize(
    ("happen", "why"),
    [
        (refund_it, "went back"),
        (dispute_it, "was disputed"),
        (leave_it_unpaid, "payment_status"),
        (let_another_pay, "customer_id"),
        (pay_nothing, "amount_total"),
        (apply_it, "no payment in quarantine"),
    ],
)
def test_it_refuses(
    app: Flask, town: Town, run: RunCommand, happen: Callable[[Town, Purchase], None], why: str
) -> None:
    purchase, event_id = quarantine(app, town)
    happen(town, purchase)
    before = [event.status for event in list_events(town.session)]
    result = run("stripe", "accept", event_id, *WHY)
    assert (result.exit_code, result.stdout) == (1, "")
    assert why in result.stderr
    assert [event.status for event in list_events(town.session)] == before
    assert grants_of(town.session, purchase) == 0


@pytest.mark.parametrize("note", ["", "   ", "two\nlines", "x" * 301])
def test_it_wants_a_note_of_one_line(app: Flask, town: Town, run: RunCommand, note: str) -> None:
    purchase, event_id = quarantine(app, town)
    assert run("stripe", "accept", event_id, "--note", note).exit_code == 1
    assert grants_of(town.session, purchase) == 0


def test_it_says_when_there_is_no_such_event(town: Town, run: RunCommand) -> None:
    assert "evt_nowhere" in run("stripe", "accept", "evt_nowhere", *WHY).stderr


def test_two_at_once_and_the_webhook_grant_once(app: Flask, town: Town) -> None:
    purchase, _ = quarantine(app, town)
    told, start = town.read(purchase), Barrier(4)
    payload = event_payload(SUCCEEDED, town.stripe.objects["session"][told.id])

    def accept_it() -> int | None:
        start.wait()
        with app.app_context():
            granted = accept(db.session(), told, Acceptance("ada", "paid in euros"))
            db.session.commit()
            return granted

    def tell_it() -> int:
        start.wait()
        return deliver(app.test_client(), payload).status_code

    with ThreadPoolExecutor(4) as threads:
        accepted = [threads.submit(accept_it) for _ in range(3)]
        assert threads.submit(tell_it).result() == 200
        granted = [one.result() for one in accepted]
    assert granted.count(purchase.id) == 1
    assert (credits_of(town), grants_of(town.session, purchase)) == (500, 1)
    assert verify(town.session) == []

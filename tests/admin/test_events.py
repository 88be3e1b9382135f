"""/admin/events and the quarantine desk."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.admin import events
from payapp.ledger.balances import list_entries
from payapp.webhooks.models import StripeEvent
from tests.billing.reconciling import Town, credits_of
from tests.cli.test_stripe_accept import EUROS, tell
from tests.factories import event_payload
from tests.people import Visitor
from tests.staff.desk import acts_of, audit_of, id_of
from tests.webhooks.delivering import deliver, list_events


@pytest.fixture
def town(session: Session, monkeypatch: pytest.MonkeyPatch) -> Town:
    town = Town(session)
    monkeypatch.setattr(events, "get_stripe", lambda: town.stripe)
    return town


@pytest.fixture
def event_id(app: Flask, town: Town) -> str:
    """A payment in quarantine: paid in euros, where dollars were asked."""
    return tell(app, town, town.buy(is_told=False, **EUROS))


def status_of(session: Session) -> str:
    session.rollback()
    return list_events(session)[-1].status


def test_it_lists_by_status_a_page_at_a_time(app: Flask, staff: Visitor) -> None:
    for number in range(60):
        deliver(app.test_client(), event_payload("customer.created", {"id": f"cus_{number}", "object": "customer"}))
    first = staff.get("/admin/events?status=ignored").text
    assert first.count("customer.created") == 50
    older = first.partition("before=")[2].partition("&")[0].partition('"')[0]
    assert staff.get(f"/admin/events?status=ignored&before={older}").text.count("customer.created") == 10
    assert "There are none." in staff.get("/admin/events?status=failed").text
    assert staff.get("/admin/events?status=nonsense").text.count("customer.created") == 50


def test_it_shows_the_letter_and_what_became_of_it(staff: Visitor, event_id: str) -> None:
    page = staff.get(f"/admin/events/{event_id}").text
    for told in ("quarantined", "QuarantineError", "checkout.session.completed", "&#34;object&#34;: &#34;event&#34;"):
        assert told in page, told
    for act in ("accept", "dismiss", "replay"):
        assert f'action="/admin/events/{event_id}/{act}"' in page
    assert staff.get("/admin/events/evt_nothing").status_code == 404


def test_it_accepts_once(staff: Visitor, town: Town, session: Session, event_id: str) -> None:
    for _ in range(2):
        answer = staff.submit(f"/admin/events/{event_id}/accept", note="paid in euros")
        assert answer.location == f"/admin/events/{event_id}"
    page = staff.get(answer.location).text
    assert "is granted." in page
    assert "settled before" in page
    assert credits_of(town) == 500
    staff_id = id_of(session, "staff@example.com")
    [written] = audit_of(session, act="event_accepted")
    assert (written.staff_id, written.note, written.subject) == (staff_id, "paid in euros", f"event:{event_id}")
    assert (written.before["status"], written.after["status"]) == ("quarantined", "processed")
    assert written.user_id is not None
    [entry] = list_entries(session, written.user_id, limit=9)
    assert str(entry.note).endswith(f"Accepted by staff {staff_id}: paid in euros")
    assert "staff@example.com" not in str(entry.note)


def test_it_dismisses_once(staff: Visitor, session: Session, event_id: str) -> None:
    for _ in range(2):
        staff.submit(f"/admin/events/{event_id}/dismiss", note="a test of ours")
    assert status_of(session) == "ignored"
    [written] = audit_of(session, act="event_dismissed")
    assert (written.before["status"], written.after["status"]) == ("quarantined", "ignored")
    assert "dismissed: a test of ours" in staff.get(f"/admin/events/{event_id}").text


def test_a_replay_that_fails_changes_nothing_and_is_not_written_down(
    staff: Visitor, session: Session, event_id: str
) -> None:
    staff.submit(f"/admin/events/{event_id}/replay", note="perhaps now")
    assert "Nothing has moved" in staff.get("/admin/").text
    assert (status_of(session), acts_of(session, act="event_replayed")) == ("quarantined", [])


def test_it_replays_what_failed(app: Flask, staff: Visitor, town: Town, session: Session) -> None:
    purchase = town.buy(is_told=False)
    event_id = tell(app, town, purchase)
    session.get_one(StripeEvent, list_events(session)[-1].id).status = "failed"
    session.commit()
    staff.submit(f"/admin/events/{event_id}/replay", note="the database is back")
    assert status_of(session) == "processed"
    [written] = audit_of(session, act="event_replayed")
    assert (written.before["status"], written.after["status"], written.after["attempts"]) == ("failed", "processed", 2)
    assert credits_of(town) == 500


@pytest.mark.parametrize("act", ["accept", "dismiss", "replay"])
def test_it_needs_a_reason_and_an_event(staff: Visitor, session: Session, event_id: str, act: str) -> None:
    answer = staff.submit(f"/admin/events/{event_id}/{act}", note="")
    assert (answer.status_code, answer.text.count("Say why")) == (422, 1)
    assert status_of(session) == "quarantined"
    assert staff.submit(f"/admin/events/evt_nothing/{act}", note="x").status_code == 404


def test_the_overview_names_it(staff: Visitor, event_id: str, **_: Any) -> None:
    page = staff.get("/admin/").text
    assert event_id in page
    assert "Events in quarantine" in page

"""/admin/users/…/credits"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from payapp.auth.models import LoginSession
from payapp.database.clock import utc_now
from payapp.ledger.balances import get_balance, list_entries
from payapp.ledger.holds import place_hold
from payapp.ledger.verification import verify
from tests.admin.conftest import sent
from tests.billing.returning import Sale
from tests.people import Visitor, become_staff
from tests.staff.desk import acts_of, audit_of


def posted(session: Session, user_id: int) -> int:
    session.rollback()
    return get_balance(session, user_id).posted


def test_it_gives_and_takes(staff: Visitor, session: Session, customer_id: int) -> None:
    path = f"/admin/users/{customer_id}"
    assert "100 available" in staff.get(f"{path}/credits").text
    assert staff.submit(f"{path}/credits", **sent(1, amount="50")).location == path
    assert "ada@example.com: +50 credits, the balance is 150." in staff.get(path).text
    assert staff.submit(f"{path}/credits", **sent(2, amount="-150", note="a mistake")).location == path
    assert posted(session, customer_id) == 0
    assert [entry.note for entry in list_entries(session, customer_id, limit=2)] == ["a mistake", "ticket 7"]
    taken, given = audit_of(session, user_id=customer_id)
    assert (given.before, given.after, taken.after) == ({"credits": 100}, {"credits": 150}, {"credits": 0})
    assert verify(session) == []


def test_a_form_acts_once(staff: Visitor, session: Session, customer_id: int) -> None:
    path = f"/admin/users/{customer_id}"
    for _ in range(2):
        assert staff.submit(f"{path}/credits", **sent(amount="50")).status_code == 303
    assert "this form was sent before" in staff.get(path).text
    assert posted(session, customer_id) == 150
    assert acts_of(session, user_id=customer_id) == ["credits_adjusted"]
    staff.submit(f"{path}/credits", **sent(2, amount="50"))
    assert posted(session, customer_id) == 200


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"amount": "-101"}, "100 credits are available, 101 can&#39;t be taken."),
        ({"amount": "0"}, "Zero credits change nothing."),
        ({"amount": ""}, "Say how many credits."),
        ({"amount": "1.5"}, "Not a valid integer value."),
        ({"amount": "many"}, "Not a valid integer value."),
        ({"amount": "1000000001"}, "At most 1,000,000,000 credits at once."),
        ({"amount": "9" * 5000}, "Not a valid integer value."),
        ({"amount": "5", "note": ""}, "Say why: it is kept in the log."),
        ({"amount": "5", "note": "a\u0085b"}, "Write it in one line."),
        ({"amount": "5", "request_id": ""}, "Reload the page."),
    ],
)
def test_it_says_why_it_refuses(
    staff: Visitor, session: Session, customer_id: int, fields: dict[str, Any], told: str
) -> None:
    answer = staff.submit(f"/admin/users/{customer_id}/credits", **sent(**fields))
    assert (answer.status_code, told in answer.text) == (422, True)
    assert (posted(session, customer_id), acts_of(session, user_id=customer_id)) == (100, [])


def test_what_is_held_is_not_taken(staff: Visitor, session: Session, customer_id: int) -> None:
    place_hold(session, customer_id, 60, feature="test")
    session.commit()
    assert staff.submit(f"/admin/users/{customer_id}/credits", **sent(amount="-41")).status_code == 422
    assert staff.submit(f"/admin/users/{customer_id}/credits", **sent(amount="-40")).status_code == 303


def test_of_one_form_sent_from_many_threads_one_acts(
    app: Flask, staff: Visitor, session: Session, customer_id: int
) -> None:
    colleague = Visitor(app.test_client())
    become_staff(colleague, session, "colleague@example.com")
    tokens = {visitor.client: visitor.csrf_token() for visitor in (staff, colleague)}
    cookies = {client: client.get_cookie("session") for client in tokens}
    session.rollback()
    barrier = Barrier(4)

    def press(number: int) -> int:
        owner = (staff, colleague)[number % 2].client
        client, cookie = app.test_client(), cookies[owner]
        assert cookie is not None
        client.set_cookie("session", cookie.value)
        barrier.wait()
        form = sent(amount="-60", csrf_token=tokens[owner])
        return client.post(f"/admin/users/{customer_id}/credits", data=form).status_code

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(press, range(4)))
    assert answers == [303, 303, 422, 422]  # one of the two took them; for the other's form too few were left
    assert posted(session, customer_id) == 40
    assert acts_of(session, user_id=customer_id) == ["credits_adjusted"]
    assert verify(session) == []


@pytest.mark.parametrize("path", ["users/{user_id}/credits", "purchases/{purchase_id}/refund"])
def test_money_asks_for_a_recent_login(staff: Visitor, session: Session, path: str) -> None:
    sale = Sale(session)
    page = f"/admin/{path.format(user_id=sale.user_id, purchase_id=sale.purchase.id)}"
    assert staff.get(page).status_code == 200
    session.execute(update(LoginSession).values(authenticated_at=utc_now() - timedelta(minutes=16)))
    session.commit()
    for answer in (staff.get(page), staff.submit(page, **sent(amount="5", credits="5", available_after="5"))):
        assert answer.status_code == 303
        assert answer.location.startswith("/login/again")
    assert acts_of(session, user_id=sale.user_id) == []
    assert staff.get(f"/admin/users/{sale.user_id}").status_code == 200

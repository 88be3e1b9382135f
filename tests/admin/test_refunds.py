"""/admin/purchases/…/refund: previewed, made once, written down."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance
from payapp.ledger.holds import spend
from payapp.ledger.verification import verify
from tests.admin.conftest import sent
from tests.billing.returning import Sale
from tests.people import Visitor
from tests.staff.desk import acts_of, audit_of, id_of
from tests.stand_in import StandIn

CREATE_REFUND = "POST /v1/refunds"


def page_of(purchase_id: int, part: str = "all", amount: str = "") -> str:
    return f"/admin/purchases/{purchase_id}/refund?part={part}&amount={amount}"


def shown(page: str) -> dict[str, Any]:
    """Return what the form of the preview carries."""
    return dict(re.findall(r'name="(amount|credits|available_after|request_id)" value="(-?\w+)"', page))


def numbers(page: str) -> tuple[int, ...]:
    """Return what the preview says: the money, the credits that go with it, and what is available afterwards."""
    fields = shown(page)
    return tuple(int(fields[name]) for name in ("amount", "credits", "available_after"))


def posted(session: Session, purchase_id: int) -> int:
    session.rollback()
    return get_balance(session, session.get_one(Purchase, purchase_id).user_id).posted


def test_it_says_what_it_does_and_does_it(stripe: StandIn, paid_id: int, staff: Visitor, session: Session) -> None:
    page = staff.get(page_of(paid_id, "amount", "3.90"))
    for told in ("$3.90 of $39.00", "Credits taken back", "Refund $3.90"):
        assert told in page.text, told
    assert numbers(page.text) == (390, 50, 450)
    assert (stripe.list_requests(CREATE_REFUND), acts_of(session, act="refund_asked")) == ([], [])
    done = staff.submit(page_of(paid_id, "amount", "3.90"), **sent(**shown(page.text)))
    assert (done.status_code, done.location) == (303, f"/admin/purchases/{paid_id}")
    after = staff.get(done.location).text
    for told in ("$3.90 refunded: re_", "Refund: succeeded", "450"):
        assert told in after, told
    assert (posted(session, paid_id), len(stripe.list_requests(CREATE_REFUND))) == (450, 1)
    made, asked = audit_of(session, staff_id=id_of(session, "staff@example.com"))
    assert (made.act, asked.act, made.note, made.subject) == (
        "refund_made",
        "refund_asked",
        "ticket 7",
        f"purchase:{paid_id}",
    )
    assert (made.before, made.after["credits"], made.after["amount"]) == ({"credits": 500}, 450, 390)
    assert verify(session) == []


def test_a_debt_is_said_before(stripe: StandIn, paid_id: int, staff: Visitor, session: Session) -> None:
    spend(session, session.get_one(Purchase, paid_id).user_id, 100, feature="test")
    session.commit()
    assert "100, a debt" in staff.get(page_of(paid_id)).text
    assert numbers(staff.get(page_of(paid_id, "unspent")).text) == (3120, 400, 0)


def test_what_has_changed_since_is_shown_again(stripe: StandIn, paid_id: int, staff: Visitor, session: Session) -> None:
    fields = shown(staff.get(page_of(paid_id)).text)
    spend(session, session.get_one(Purchase, paid_id).user_id, 1, feature="test")
    session.commit()
    answer = staff.submit(page_of(paid_id), **sent(**fields))
    assert (answer.status_code, "Something has changed meanwhile" in answer.text) == (422, True)
    assert numbers(answer.text) == (3900, 500, -1)
    assert (stripe.list_requests(CREATE_REFUND), acts_of(session, act="refund_asked")) == ([], [])


@pytest.mark.parametrize("part", ["all", "amount"])
def test_pressed_twice_it_refunds_once(
    stripe: StandIn, paid_id: int, staff: Visitor, session: Session, part: str
) -> None:
    page = page_of(paid_id, part, "3.90")
    fields = shown(staff.get(page).text)
    for _ in range(2):
        assert staff.submit(page, **sent(**fields)).location == f"/admin/purchases/{paid_id}"
    assert "This form was sent before" in staff.get(f"/admin/purchases/{paid_id}").text
    assert len(stripe.list_requests(CREATE_REFUND)) == 1
    assert acts_of(session, staff_id=id_of(session, "staff@example.com")) == ["refund_made", "refund_asked"]


@pytest.mark.usefixtures("stripe")
def test_pressed_by_many_at_once_it_refunds_once(
    app: Flask, stripe: StandIn, paid_id: int, staff: Visitor, session: Session
) -> None:
    page = page_of(paid_id, "amount", "3.90")
    form = sent(**shown(staff.get(page).text), csrf_token=staff.csrf_token())
    cookie = staff.client.get_cookie("session")
    session.rollback()
    barrier = Barrier(4)

    def press(_: int) -> int:
        client = app.test_client()
        assert cookie is not None
        client.set_cookie("session", cookie.value)
        barrier.wait()
        return client.post(page, data=form).status_code

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(press, range(4))) <= {303, 422}
    payment = session.get_one(Purchase, paid_id).stripe_payment_intent_id
    assert [refund["amount"] for refund in refunds_of(stripe, str(payment))] == [390]
    assert posted(session, paid_id) == 450
    assert acts_of(session, staff_id=id_of(session, "staff@example.com")) == ["refund_made", "refund_asked"]
    assert verify(session) == []


def refunds_of(stripe: StandIn, payment: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = stripe.get(f"/v1/refunds?payment_intent={payment}")["data"]
    return listed


def test_a_lost_answer_is_made_up_for_by_pressing_again(
    stripe: StandIn, paid_id: int, staff: Visitor, session: Session
) -> None:
    page = page_of(paid_id, "amount", "3.90")
    stripe.arm(CREATE_REFUND, "reset", when="after", count=3)
    lost = staff.submit(page, **sent(**shown(staff.get(page).text)))
    assert "/refund?" in lost.location
    preview = staff.get(lost.location).text
    assert "This came to no end:" in preview
    assert staff.submit(page, **sent(**shown(preview))).location == f"/admin/purchases/{paid_id}"
    payment = session.get_one(Purchase, paid_id).stripe_payment_intent_id
    assert len(refunds_of(stripe, str(payment))) == 1
    assert (posted(session, paid_id), verify(session)) == (450, [])
    assert acts_of(session, staff_id=id_of(session, "staff@example.com")) == ["refund_made", "refund_asked"]


@pytest.mark.parametrize(
    ("part", "amount", "told"),
    [
        ("amount", "39.01", "3900 of purchase"),
        ("amount", "0", "can be refunded, not 0"),
        ("amount", "3.999", "Write an amount such as 3.90"),
        ("amount", "-1", "Write an amount such as 3.90"),
        ("amount", "9" * 99, "Write an amount such as 3.90"),
        ("amount", "", "Write an amount such as 3.90"),
    ],
)
def test_it_says_why_it_refuses(staff: Visitor, session: Session, part: str, amount: str, told: str) -> None:
    sale = Sale(session)
    session.commit()
    page = staff.get(page_of(sale.purchase.id, part, amount))
    assert (page.status_code, told in page.text) == (200, True), page.text
    assert "Refund $" not in page.text


def test_what_was_never_paid_or_is_disputed_is_refused(staff: Visitor, session: Session) -> None:
    unpaid, disputed = Sale(session, is_paid=False), Sale(session)
    disputed.dispute()
    session.commit()
    assert "was not paid" in staff.get(page_of(unpaid.purchase.id)).text
    assert "is disputed" in staff.get(page_of(disputed.purchase.id)).text
    assert "See what it does" not in staff.get(f"/admin/purchases/{unpaid.purchase.id}").text
    assert staff.get(page_of(404)).status_code == 404
    assert staff.submit(page_of(404), **sent(amount="1", credits="1", available_after="1")).status_code == 404


def test_it_needs_a_reason_and_its_number(stripe: StandIn, paid_id: int, staff: Visitor) -> None:
    fields = shown(staff.get(page_of(paid_id)).text)
    for wrong in ({"note": " "}, {"request_id": ""}, {"amount": "x"}, {"available_after": "9" * 30}):
        assert staff.submit(page_of(paid_id), **(sent(**fields) | wrong)).status_code == 422, wrong
    assert stripe.list_requests(CREATE_REFUND) == []

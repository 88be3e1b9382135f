"""/admin/search: whatever somebody names leads straight to what it is."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.auth.api_keys import create_api_key
from tests.billing.returning import Sale
from tests.factories import event_payload, make_user
from tests.people import Visitor
from tests.webhooks.delivering import deliver


def found(staff: Visitor, query: str) -> str:
    """Return where the search leads; the status where it leads nowhere."""
    answer = staff.get("/admin/search", query_string={"q": query})
    return answer.location if answer.status_code == 303 else str(answer.status_code)


def test_it_leads_straight_to_the_one_hit(app: Flask, staff: Visitor, session: Session) -> None:
    sale = Sale(session)
    sale.refund(390, refund_id="re_search")
    sale.charge(390)
    sale.dispute("warning_needs_response")
    user, purchase_id = make_user(session, email="kim@xn--bcher-kva.example"), sale.purchase.id
    key = create_api_key(session, user.id, "n", "read")
    service_key = create_api_key(session, None, "n", "service")
    session.commit()
    payload = event_payload("customer.created", {"id": "cus_nobody", "object": "customer"}, id="evt_search")
    deliver(app.test_client(), payload)
    page_of_user, page_of_purchase = f"/admin/users/{user.id}", f"/admin/purchases/{purchase_id}"
    for query, address in {
        "kim@xn--bcher-kva.example": page_of_user,
        " KIM@B\u00dcCHER.example ": page_of_user,
        str(user.stripe_customer_id): page_of_user,
        f"user:{user.id}": page_of_user,
        str(sale.purchase.stripe_checkout_session_id): page_of_purchase,
        f"pi_test_{purchase_id}": page_of_purchase,
        "re_search": page_of_purchase,
        f"dp_test_{purchase_id}": page_of_purchase,
        f"ch_test_{purchase_id}": page_of_purchase,
        f"purchase:{purchase_id}": page_of_purchase,
        "evt_search": "/admin/events/evt_search",
        "event:evt_search": "/admin/events/evt_search",
        "cus_nobody": "/admin/events/evt_search",
        key.prefix: f"/admin/api-keys/{key.prefix}",
        key.secret: f"/admin/api-keys/{key.prefix}",
        f"api-key:{service_key.prefix}": f"/admin/api-keys/{service_key.prefix}",
    }.items():
        assert found(staff, query) == address, query


def test_a_number_may_be_two_things(staff: Visitor, session: Session) -> None:
    purchase_id = Sale(session).purchase.id
    session.commit()
    assert purchase_id == 1
    page = staff.get("/admin/search?q=1").text
    assert "Several things are called that" in page
    assert 'href="/admin/users/1"' in page
    assert 'href="/admin/purchases/1"' in page
    assert found(staff, "2") == "/admin/users/2"


NOTHING = ["", " ", "nobody@example.com", "kim", "%", "_", "*", "user:", "user:x", "purchase:kim", "payapp_", "@"]
HOSTILE = ["9" * 20, "-1", "\u0661", "1e3", "0x1", "'; DROP TABLE users; --", "\U0001f600", "\u202e", "a\nb"]
HOSTILE += ["{{ 7*7 }}", "<script>alert(1)</script>", "x" * 5000, "payapp_" + "0" * 10, "../../etc/passwd", "event:%s"]


@pytest.mark.parametrize("query", NOTHING + HOSTILE)
def test_what_names_nothing_finds_nothing(staff: Visitor, query: str) -> None:
    answer = staff.get("/admin/search", query_string={"q": query})
    assert answer.status_code == 200
    assert "Nothing found" in answer.text
    assert "<script>alert" not in answer.text


def test_a_nul_is_refused(staff: Visitor) -> None:
    assert staff.get("/admin/search?q=%00").status_code == 400
    assert staff.get("/admin/search?q=%ff%fe").status_code == 200

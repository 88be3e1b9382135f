"""/admin/users/…: the story, and access."""

import pytest
from sqlalchemy.orm import Session

from payapp.auth.api_keys import create_api_key
from payapp.auth.login_sessions import begin_login
from payapp.ledger.holds import place_hold, spend
from tests.admin.conftest import sent
from tests.billing.returning import Sale
from tests.factories import make_purchase, make_user
from tests.people import Visitor
from tests.staff.desk import acts_of, audit_of, id_of


def test_it_tells_the_whole_story(staff: Visitor, session: Session) -> None:
    sale = Sale(session)
    sale.refund(390)
    place_hold(session, sale.user_id, 7, feature="shout", note="a <b>loud</b> one")
    prefix = create_api_key(session, sale.user_id, "nightly report", "read").prefix
    begin_login(session, sale.user_id, "Mozilla/5.0 (a browser)")
    session.commit()
    page = staff.get(f"/admin/users/{sale.user_id}").text
    for told in (f"Purchase {sale.purchase.id}", "$3.90 refunded", "443 credits", "7 more held", "shout", prefix):
        assert told in page, told
    for told in (
        "nightly report",
        "Mozilla/5.0 (a browser)",
        "purchase:1",
        "\u221250",
        "a &lt;b&gt;loud&lt;/b&gt; one",
    ):
        assert told in page, told
    assert "What staff did" in page


def test_its_lists_are_cut_and_go_on(staff: Visitor, session: Session, customer_id: int) -> None:
    for number in range(60):
        spend(session, customer_id, 1, feature=f"feature {number}")
    noise = make_user(session, credits=5)
    make_purchase(session, noise)
    session.commit()
    page = staff.get(f"/admin/users/{customer_id}").text
    assert page.count('mono">capture:') == 10
    for name, shown in (("entries", 'mono">capture:'), ("holds", ">feature ")):
        assert f"/admin/users/{customer_id}/{name}" in page
        first = staff.get(f"/admin/users/{customer_id}/{name}").text
        assert first.count(shown) == 50
        older = first.partition("?before=")[2].partition('"')[0]
        second = staff.get(f"/admin/users/{customer_id}/{name}?before={older}").text
        assert second.count(shown) == 10
        assert "?before=" not in second
    assert staff.get(f"/admin/users/{customer_id}/passwords").status_code == 404
    assert staff.get("/admin/users/404").status_code == 404
    assert staff.get("/admin/users/404/entries").status_code == 404


def test_it_disables_and_enables_with_a_reason(staff: Visitor, session: Session, customer_id: int) -> None:
    path = f"/admin/users/{customer_id}"
    assert "Every login ends" in staff.get(f"{path}/access").text
    without = staff.submit(f"{path}/disable", note=" ")
    assert (without.status_code, "Say why" in without.text) == (422, True)
    assert staff.submit(f"{path}/disable", note="x" * 301).status_code == 422
    assert staff.submit(f"{path}/disable", note="stolen card").location == path
    assert "is disabled." in staff.get(path).text
    assert staff.submit(f"{path}/disable", note="again").status_code == 303
    assert "was disabled already" in staff.get(path).text
    assert "They can log in again" in staff.get(f"{path}/access").text
    assert staff.submit(f"{path}/enable", note="cleared up").status_code == 303
    enabled, disabled = audit_of(session, user_id=customer_id)
    assert (disabled.act, disabled.note, enabled.act) == ("user_disabled", "stolen card", "user_enabled")
    assert {disabled.staff_id, enabled.staff_id} == {id_of(session, "staff@example.com")}


def test_nobody_disables_themselves(staff: Visitor, session: Session) -> None:
    own_id = id_of(session, "staff@example.com")
    staff.submit(f"/admin/users/{own_id}/disable", note="x")
    assert "disable yourself" in staff.get("/admin/").text
    assert "user_disabled" not in acts_of(session)


def test_of_nobody_nothing_is_changed(staff: Visitor) -> None:
    for name in ("disable", "enable", "credits"):
        assert staff.submit(f"/admin/users/404/{name}", **sent(amount="5")).status_code == 404


@pytest.mark.parametrize("name", ["\u202eevil", "<script>alert(1)</script>", "{{ 7 * 7 }}", "'; DROP TABLE users; --"])
def test_what_users_named_is_only_text(staff: Visitor, session: Session, customer_id: int, name: str) -> None:
    create_api_key(session, customer_id, name, "read")
    begin_login(session, customer_id, name)
    session.commit()
    page = staff.get(f"/admin/users/{customer_id}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert ">49<" not in page.text

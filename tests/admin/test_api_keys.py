"""/admin/api-keys"""

from sqlalchemy.orm import Session

from payapp.auth.api_keys import create_api_key, find_active_key
from tests.people import Visitor
from tests.staff.desk import audit_of


def test_it_revokes_with_a_reason(staff: Visitor, session: Session, customer_id: int) -> None:
    key = create_api_key(session, customer_id, "nightly report", "spend")
    session.commit()
    path = f"/admin/api-keys/{key.prefix}"
    page = staff.get(path).text
    assert "nightly report" in page
    assert "ada@example.com" in page
    assert key.secret not in page
    assert staff.submit(f"{path}/revoke", note="").status_code == 422
    assert find_active_key(session, key.secret)
    for _ in range(2):
        assert staff.submit(f"{path}/revoke", note="leaked").location == path
    assert "was revoked before" in staff.get(path).text
    session.rollback()
    assert find_active_key(session, key.secret) is None
    [written] = audit_of(session, act="api_key_revoked")
    assert (written.user_id, written.note) == (customer_id, "leaked")


def test_it_lists_the_services(staff: Visitor, session: Session, customer_id: int) -> None:
    service = create_api_key(session, None, "back end", "service")
    own = create_api_key(session, customer_id, "own", "read")
    session.commit()
    page = staff.get("/admin/api-keys").text
    assert service.prefix in page
    assert own.prefix not in page
    assert "it may act for every user" in staff.get(f"/admin/api-keys/{service.prefix}").text
    assert staff.get("/admin/api-keys/payapp_0000000000").status_code == 404
    assert staff.submit("/admin/api-keys/payapp_0000000000/revoke", note="x").status_code == 404

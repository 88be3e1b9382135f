"""/admin/log"""

from sqlalchemy.orm import Session

from tests.admin.conftest import sent
from tests.people import Visitor
from tests.staff.desk import id_of


def test_it_tells_who_did_what_to_whom_and_why(staff: Visitor, session: Session, customer_id: int) -> None:
    staff.submit(f"/admin/users/{customer_id}/credits", **sent(amount="50", note="<b>kindness</b>"))
    page = staff.get("/admin/log").text
    for told in ("Credits adjusted", "&lt;b&gt;kindness", "test@host", f"staff {id_of(session, 'staff@example.com')}"):
        assert told in page, told
    for told in ("before: </span>100", "after: </span>150", f"/admin/users/{customer_id}"):
        assert told in page, told


def test_it_is_filtered_and_goes_on(staff: Visitor, session: Session, customer_id: int) -> None:
    for number in range(52):
        staff.submit(f"/admin/users/{customer_id}/credits", **sent(number, amount="1"))
    own_id = id_of(session, "staff@example.com")
    for query in (
        "",
        f"user={customer_id}",
        f"staff={own_id}",
        "act=credits_adjusted",
        f"user={customer_id}&staff={own_id}",
    ):
        first = staff.get(f"/admin/log?{query}").text
        assert first.count("<strong>Credits adjusted") == 50, query
        older = first.partition("?before=")[2].partition("&")[0].partition('"')[0]
        rest = staff.get(f"/admin/log?{query}&before={older}").text
        assert rest.count("<strong>Credits adjusted") == 2, query
        assert rest.count("<strong>Admin made") == (1 if not query else 0)
    assert "There is nothing." in staff.get(f"/admin/log?user={own_id}&act=user_disabled").text
    assert "<strong>Credits" not in staff.get(f"/admin/log?user={own_id}").text

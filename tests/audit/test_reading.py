"""list_audit()"""

from typing import Any

from sqlalchemy.orm import Session

from payapp.audit import Actor, Reason, write_down
from payapp.audit.reading import AuditFilter, AuditView, list_audit
from payapp.database.paging import Place
from tests.factories import make_user


def test_it_works(session: Session) -> None:
    ada, eve = make_user(session).id, make_user(session).id
    by_ada, by_command = Reason(Actor(ada), "a ticket"), Reason(Actor(operator="root@host"), "  a call ")
    write_down(session, by_ada, "user_disabled", user_id=eve, before={"disabled_at": None}, after={"n": 1})
    write_down(session, by_command, "user_enabled", user_id=eve, subject=f"user:{eve}")
    write_down(session, by_command, "api_key_made", user_id=ada)

    def read(before_id: int | None = None, limit: int = 9, **wanted: Any) -> tuple[list[AuditView], int | None]:
        page = list_audit(session, AuditFilter(**wanted), Place(before_id, limit))
        return list(page.items), page.next_before

    (third, second, first), no_more = read()
    assert (first.staff_id, first.operator, first.note, first.after) == (ada, None, "a ticket", {"n": 1})
    assert (first.before, no_more) == ({"disabled_at": None}, None)
    assert (second.operator, second.staff_id, second.note, second.before) == ("root@host", None, "a call", {})
    assert read(user_id=eve) == ([second, first], None)
    assert read(user_id=eve, act="user_enabled") == ([second], None)
    assert read(staff_id=ada) == ([first], None)
    assert read(limit=2) == ([third, second], second.id)
    assert read(second.id, 2) == ([first], None)
    assert read(third.id, user_id=eve, limit=1) == ([second], second.id)

"""list_audit()"""

from sqlalchemy.orm import Session

from payapp.audit import Actor, Reason, write_down
from payapp.audit.reading import AuditFilter, list_audit
from tests.factories import make_user


def test_it_works(session: Session) -> None:
    ada, eve = make_user(session).id, make_user(session).id
    by_ada, by_command = Reason(Actor(ada), "a ticket"), Reason(Actor(operator="root@host"), "  a call ")
    write_down(session, by_ada, "user_disabled", user_id=eve, before={"disabled_at": None}, after={"n": 1})
    write_down(session, by_command, "user_enabled", user_id=eve, subject=f"user:{eve}")
    write_down(session, by_command, "api_key_made", user_id=ada)
    third, second, first = list_audit(session, AuditFilter(), limit=9)
    assert (first.actor, first.note, first.before, first.after) == (
        f"staff {ada}",
        "a ticket",
        {"disabled_at": None},
        {"n": 1},
    )
    assert (second.actor, second.staff_id, second.note, second.before) == ("root@host", None, "a call", {})
    assert list_audit(session, AuditFilter(user_id=eve), limit=9) == [second, first]
    assert list_audit(session, AuditFilter(user_id=eve, act="user_enabled"), limit=9) == [second]
    assert list_audit(session, AuditFilter(staff_id=ada), limit=9) == [first]
    assert list_audit(session, AuditFilter(), limit=1, before_id=third.id) == [second]

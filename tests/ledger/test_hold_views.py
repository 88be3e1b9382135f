"""list_open_holds()"""

from datetime import timedelta

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from payapp.database.clock import utc_now
from payapp.ledger.hold_views import LIST_OPEN, find_hold, list_open_holds
from payapp.ledger.holds import capture_hold, place_hold, release_hold
from payapp.ledger.models import Hold
from tests.ledger.books import open_account

ENDED = 2000  # holds of one account, beside a few that are open


def place(session: Session, user_id: int) -> int:
    return place_hold(session, user_id, 1, feature="test", note="n").id


def test_it_lists_the_users_open_holds_newest_first(session: Session) -> None:
    user_id, other_id = open_account(session, credits=10), open_account(session, credits=10)
    first, captured, released, last = (place(session, user_id) for _ in range(4))
    place(session, other_id)
    capture_hold(session, captured)
    release_hold(session, released)
    found = list_open_holds(session, user_id)
    assert [hold.id for hold in found] == [last, first]
    assert found == [find_hold(session, user_id, last), find_hold(session, user_id, first)]


def test_it_leaves_out_what_is_overdue(session: Session) -> None:
    user_id = open_account(session, credits=10)
    overdue, current = place(session, user_id), place(session, user_id)
    session.execute(update(Hold).where(Hold.id == overdue).values(expires_at=utc_now() - timedelta(minutes=1)))
    assert [hold.id for hold in list_open_holds(session, user_id)] == [current]


def test_it_reads_the_index_of_open_holds(session: Session) -> None:
    user_id = open_account(session, credits=10)
    session.add_all(
        Hold(user_id=user_id, amount=1, status="released", feature="test", expires_at=utc_now()) for _ in range(ENDED)
    )
    place(session, user_id)
    session.flush()
    session.execute(text("ANALYZE"))
    engine = session.get_bind()
    explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    statement = LIST_OPEN.params(user_id=user_id).compile(engine, compile_kwargs={"literal_binds": True})
    plan = session.connection().exec_driver_sql(f"{explain} {statement}").all()
    assert "ix_holds_open_user_id" in str(plan)

"""get_balance(), list_entries(), list_daily_usage()."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from payapp.ledger import balances, holds, posting
from payapp.ledger.balances import get_balance, list_daily_usage, list_entries, list_grant_entries
from payapp.ledger.errors import UnknownAccountError
from payapp.ledger.holds import place_hold, release_hold, spend
from payapp.ledger.posting import claw_back, find_grant, grant, reinstate
from tests.ledger.books import open_account, take_back

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(moment: datetime, patch: pytest.MonkeyPatch) -> None:
    """Freeze the application's clock."""
    for module in (balances, posting, holds):
        patch.setattr(module, "utc_now", lambda: moment)


def test_balance_is_posted_held_and_available(session: Session) -> None:
    user_id = open_account(session, credits=10)
    place_hold(session, user_id, 3, feature="test")
    balance = get_balance(session, user_id)
    assert (balance.posted, balance.held, balance.available) == (10, 3, 7)


def test_balance_may_be_a_debt(session: Session) -> None:
    user_id = open_account(session, credits=12)
    spend(session, user_id, 2, feature="test")
    place_hold(session, user_id, 3, feature="test")
    take_back(session, user_id, 12)
    balance = get_balance(session, user_id)
    assert (balance.posted, balance.held, balance.available) == (-2, 3, -5)


def test_balance_of_an_unknown_account_is_an_error(session: Session) -> None:
    with pytest.raises(UnknownAccountError) as caught:
        get_balance(session, 404)
    assert caught.value.user_id == 404


def test_entries_come_newest_first_and_only_the_accounts_own(session: Session) -> None:
    noise, user_id = open_account(session, credits=7), open_account(session)
    for n in range(1, 5):
        grant(session, user_id, n, idempotency_key=f"purchase:{n}")
        spend(session, noise, 1, feature="test")
    entries = list_entries(session, user_id, limit=3)
    assert [entry.amount for entry in entries] == [4, 3, 2]
    assert [entry.balance_after for entry in entries] == [10, 6, 3]
    assert entries[0].created_at.tzinfo is UTC


def test_a_page_of_entries_begins_after_the_one_before(session: Session) -> None:
    noise, user_id = open_account(session, credits=7), open_account(session)
    for n in range(1, 6):
        grant(session, user_id, n, idempotency_key=f"purchase:{n}")
        spend(session, noise, 1, feature="test")
    first = list_entries(session, user_id, limit=2)
    second = list_entries(session, user_id, limit=2, before_id=first[-1].id)
    last = list_entries(session, user_id, limit=2, before_id=second[-1].id)
    assert [[entry.amount for entry in page] for page in (first, second, last)] == [[5, 4], [3, 2], [1]]
    assert list_entries(session, user_id, limit=2, before_id=last[-1].id) == []


def test_a_grants_entries_are_itself_and_what_corrects_it_oldest_first(session: Session) -> None:
    user_id, other_id = open_account(session), open_account(session, credits=7)
    for n in (1, 2, 3):
        grant(session, user_id, 10 * n, idempotency_key=f"purchase:{n}")
    for n in (3, 2, 1):
        standing = find_grant(session, f"purchase:{n}")
        assert standing is not None
        claw_back(session, standing, n, idempotency_key=f"refund:re_{n}")
        reinstate(session, standing, n, idempotency_key=f"refund:re_{n}:failed")
    spend(session, user_id, 1, feature="test")
    spend(session, other_id, 1, feature="test")
    entries = list_grant_entries(session, "purchase:2")
    assert [(each.idempotency_key, each.amount) for each in entries] == [
        ("purchase:2", 20),
        ("refund:re_2", -2),
        ("refund:re_2:failed", 2),
    ]
    assert [each.corrected_key for each in entries] == [None, "purchase:2", "purchase:2"]
    assert list_grant_entries(session, "purchase:4") == []


def test_entries_of_nobody_are_none(session: Session) -> None:
    open_account(session, credits=7)
    assert list_entries(session, 404, limit=3) == []


def test_daily_usage_has_every_day_oldest_first(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    user_id, noise = open_account(session, credits=100), open_account(session, credits=100)
    for days_ago, amount in ((3, 50), (2, 7), (2, 1), (0, 4)):
        at(NOON - timedelta(days=days_ago), monkeypatch)
        spend(session, user_id, amount, feature="test")
    spend(session, noise, 30, feature="test")
    usage = list_daily_usage(session, user_id, days=3)
    assert [(day.isoformat(), used) for day, used in usage] == [("2026-02-28", 8), ("2026-03-01", 0), ("2026-03-02", 4)]


def test_daily_usage_changes_days_at_midnight_utc(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    user_id = open_account(session, credits=100)
    midnight, instant = NOON.replace(hour=0), timedelta(microseconds=1)
    first_day = midnight - timedelta(days=1)
    for moment, amount in (
        (first_day - instant, 50),
        (first_day, 20),
        (midnight - instant, 5),
        (midnight, 3),
        (NOON, 1),
    ):
        at(moment, monkeypatch)
        spend(session, user_id, amount, feature="test")
    assert [used for _, used in list_daily_usage(session, user_id, days=2)] == [25, 4]


def test_daily_usage_counts_captures_alone(session: Session) -> None:
    user_id = open_account(session, credits=100)
    release_hold(session, place_hold(session, user_id, 9, feature="test").id)
    take_back(session, user_id, 8)
    place_hold(session, user_id, 9, feature="test")
    assert [used for _, used in list_daily_usage(session, user_id, days=2)] == [0, 0]


def test_daily_usage_reads_the_index_of_captures(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))  # the table is small here
        session.execute(text("SET LOCAL enable_bitmapscan = off"))
    plan = explain(session, balances.DAILY_USAGE, {"user_id": 1, "first_moment": "2026-03-02"})
    on_sqlite = "SEARCH ledger_entries USING INDEX ix_ledger_entries_captures (user_id=? AND created_at>?)"
    assert on_sqlite in plan or "Index Only Scan using ix_ledger_entries_captures" in plan


def test_a_page_of_an_idle_account_does_not_look_through_what_others_did_since(session: Session) -> None:
    idle, others = open_account(session), open_account(session)
    engine = session.get_bind().dialect.name
    if engine == "postgresql":
        session.execute(text("SET LOCAL session_replication_role = replica"))  # the guards do not matter here
        session.execute(text(MANY_ENTRIES), {"idle": idle, "others": others})
        session.execute(text("SET LOCAL session_replication_role = origin"))
        session.execute(text("ANALYZE ledger_entries"))
    plan = explain(
        session, balances.LIST_ENTRIES[engine], {"user_id": idle, "before_id": balances.AFTER_ALL, "at_most": 6}
    )
    on_sqlite = "SEARCH ledger_entries USING INDEX ix_ledger_entries_user_id_id (user_id=? AND id<?)"
    on_postgresql = f"Index Cond: ((user_id >= '{idle}'::bigint) AND (ROW(user_id, id) < ROW('{idle}'::bigint, "
    assert on_sqlite in plan or on_postgresql in plan, plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


# A third is of the idle account, all of it older than the rest.
MANY_ENTRIES = """
    INSERT INTO ledger_entries (user_id, amount, balance_after, entry_type, idempotency_key, created_at)
    SELECT CASE WHEN n <= 1000 THEN :idle ELSE :others END, 1, n, 'grant', 'test:' || n, now()
    FROM generate_series(1, 3000) AS numbers(n)"""


def explain(session: Session, statement: Any, values: dict[str, Any]) -> str:
    """Return the database's plan for a statement with these values."""
    compiled = statement.compile(session.get_bind(), compile_kwargs={"render_postcompile": True})
    every = {**compiled.params, **values}
    given = tuple(every[name] for name in compiled.positiontup) if compiled.positional else every
    command = "EXPLAIN" if session.get_bind().dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    return str(session.connection().exec_driver_sql(f"{command} {compiled}", given).all())

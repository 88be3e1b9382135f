"""/dashboard/account/export: everything about the user, nothing about others, no secrets; however long."""

import json
import tracemalloc
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from payapp.account import export
from payapp.account.export import SECTIONS, export_user
from payapp.auth.api_keys import create_api_key
from payapp.auth.models import LoginSession
from payapp.billing.returns.clawbacks import record_dispute, record_refund
from payapp.database.base import Base
from payapp.database.clock import utc_now
from payapp.ledger.balances import ENTRIES
from payapp.ledger.holds import place_hold, spend
from payapp.stripe_types.returns import Dispute, Refund
from tests.billing.returning import Sale
from tests.factories import dispute_object, make_user, refund_object
from tests.people import Visitor, give_credits

PATH = "/dashboard/account/export"


@pytest.fixture
def user_id(visitor: Visitor, session: Session) -> int:
    return give_credits(visitor, session, 100)


def test_it_works(visitor: Visitor, session: Session, user_id: int) -> None:
    secret = create_api_key(session, user_id, "my laptop", "spend").secret
    spend(session, user_id, 30, feature="x", note="für „Ada“ \n<b>")
    place_hold(session, user_id, 5, feature="y")
    session.commit()
    answer = visitor.get(PATH)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="payapp-account-{user_id}.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    told = json.loads(answer.text)
    assert (told["account"]["email"], told["account"]["credits"]) == ("ada@example.com", 70)
    assert [entry["amount"] for entry in told["entries"]] == [100, -30]
    assert [hold["status"] for hold in told["holds"]] == ["captured", "open"]
    assert told["entries"][1]["note"] == "für „Ada“ \n<b>"
    assert [key["name"] for key in told["api_keys"]] == ["my laptop"]
    assert len(told["logins"]) == 1
    assert secret not in answer.text
    assert "hash" not in answer.text
    assert "argon2" not in answer.text


def test_purchases_are_told_with_what_went_back(session: Session) -> None:
    sale = Sale(session)
    told = refund_object(sale.purchase, amount=100)
    record_refund(session, Refund.from_object(told), livemode=False)
    record_dispute(session, Dispute.from_object(dispute_object(sale.purchase)))
    session.commit()
    document = json.loads("".join(export_user(session, sale.user_id)))
    [purchase], [refund], [dispute] = (document[name] for name in ("purchases", "refunds", "disputes"))
    assert purchase["amount_total"] == 3900
    assert (refund["purchase_id"], refund["amount"]) == (purchase["id"], 100)
    assert (dispute["purchase_id"], dispute["status"]) == (purchase["id"], "needs_response")


def test_nothing_of_others_is_in_it(app: Flask, visitor: Visitor, session: Session, user_id: int) -> None:
    Sale(session)
    other = make_user(session, credits=777)
    create_api_key(session, other.id, "of another", "read")
    session.commit()
    told = json.loads(visitor.get(PATH).text)
    assert [entry["amount"] for entry in told["entries"]] == [100]
    assert all(not told[name] for name in SECTIONS if name not in ("entries", "logins"))


def test_it_wants_a_recent_login(visitor: Visitor, session: Session, user_id: int) -> None:
    session.execute(update(LoginSession).values(authenticated_at=utc_now() - timedelta(minutes=16)))
    session.commit()
    assert visitor.get(PATH).location == "/login/again?next=/dashboard/account"


def test_it_is_limited(visitor: Visitor, user_id: int) -> None:
    assert [visitor.get(PATH).status_code for _ in range(11)] == [200] * 10 + [429]


def test_every_table_about_users_is_in_it() -> None:
    """A table with a user_id that is new has to be added, or named here with the reason why not."""
    told = {each.owner.table.name for each in SECTIONS.values()} | {"users"}
    about_users = {table.name for table in Base.metadata.tables.values() if "user_id" in table.columns}
    assert about_users - told == NOTHING_TO_TELL


# Answers of the API, kept for three days: entries and holds again; and rows that are hashes of secrets.
NOTHING_TO_TELL = {"api_requests", "mailed_links", "pending_logins", "recovery_codes"}


@pytest.mark.parametrize("entries", [0, 1, 999, 1000, 1001, 2000])
def test_no_page_is_lost(session: Session, monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    monkeypatch.setattr(export, "PAGE_SIZE", 100)
    users = [make_user(session).id for _ in range(3)]
    for each in users:
        plant_entries(session, each, entries // 10)
    told = json.loads("".join(export_user(session, users[1])))
    assert [entry["balance_after"] for entry in told["entries"]] == list(range(1, entries // 10 + 1))


def test_a_long_one_fills_no_memory(session: Session) -> None:
    user_id = make_user(session).id
    plant_entries(session, user_id, 20_000)
    tracemalloc.start()
    try:
        length = sum(map(len, export_user(session, user_id)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length > 4_000_000
    assert peak < length


def plant_entries(session: Session, user_id: int, count: int) -> None:
    """Write entries of one credit each, faster than the ledger would."""
    if not count:
        return
    now = utc_now()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL session_replication_role = replica"))
    else:
        session.execute(text("DROP TRIGGER IF EXISTS ledger_entries_agree"))
    rows = [
        {"user_id": user_id, "amount": 1, "balance_after": n, "entry_type": "adjustment", "created_at": now}
        | {"idempotency_key": f"adjustment:{user_id}:{n}"}
        for n in range(1, count + 1)
    ]
    session.execute(insert(ENTRIES), rows)
    session.commit()

"""No page of the desk reads a whole table: each statement finds its rows by an index, however many there are."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from payapp.auth.api_keys import create_api_key
from payapp.extensions import db
from tests.billing.returning import Sale
from tests.factories import event_payload
from tests.people import Visitor
from tests.webhooks.delivering import deliver

# Tables of a few rows, whatever happens: a report for each span of reconciliation.
SMALL = ("reconciliation_reports",)
# Indexes of only those rows that staff look for: disputes that are open, entries that left an account in debt.
OF_FEW = ("ix_disputes_contested", "ix_ledger_entries_debts")


@pytest.fixture
def plans(app: Flask) -> Iterator[dict[str, list[str]]]:
    """How SQLite carries out each statement that is sent, by the statement."""
    found: dict[str, list[str]] = {}

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            explaining = cursor.connection.cursor()
            found[statement] = [row[3] for row in explaining.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", explain)
    yield found
    event.remove(engine, "before_cursor_execute", explain)


def whole_tables(plans: dict[str, list[str]]) -> list[str]:
    """Return the steps that read a table, or an index, from one end to the other."""
    steps = [step for plan in plans.values() for step in plan]
    scans = [step for step in steps if re.match(r"SCAN (?!CONSTANT|\(|anon)", step)]
    small = tuple(f"SCAN {table}" for table in SMALL)
    return [step for step in scans if not step.startswith(small) and not step.endswith(OF_FEW)]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_every_page_finds_its_rows_by_an_index(
    app: Flask, staff: Visitor, session: Session, plans: dict[str, list[str]]
) -> None:
    sale = Sale(session)
    sale.refund(390)
    sale.dispute("warning_needs_response")
    key = create_api_key(session, sale.user_id, "n", "read")
    session.commit()
    payload = event_payload("customer.created", {"id": "cus_x", "object": "customer"}, id="evt_plans")
    deliver(app.test_client(), payload)
    session.rollback()
    user, purchase = f"/admin/users/{sale.user_id}", f"/admin/purchases/{sale.purchase.id}"
    pages = ["/admin/", "/admin/log", f"/admin/log?user={sale.user_id}", "/admin/log?staff=1&act=admin_made"]
    pages += [user, *(f"{user}/{name}" for name in ("purchases", "entries", "holds", "api-keys", "logins", "mails"))]
    pages += [f"{user}/credits", f"{user}/access", purchase, f"{purchase}/refund?part=unspent"]
    pages += ["/admin/events", "/admin/events?status=failed&before=9", "/admin/events/evt_plans"]
    pages += ["/admin/api-keys", f"/admin/api-keys/{key.prefix}"]
    words = ("1", "ada@example.com", "cus_x", "re_1", "evt_plans", key.prefix, "nothing")
    for page in [*pages, *(f"/admin/search?q={word}" for word in words)]:
        plans.clear()
        assert staff.get(page).status_code in (200, 303), page
        assert len(plans) > 1, page
        assert whole_tables(plans) == [], page


def test_a_whole_table_is_noticed() -> None:
    assert whole_tables({"": ["SCAN users", "SEARCH holds USING INDEX x", "SCAN holds USING INDEX x"]}) == [
        "SCAN users",
        "SCAN holds USING INDEX x",
    ]

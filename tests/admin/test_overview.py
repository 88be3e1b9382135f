"""/admin/: money at risk, and what reconciliation found last."""

from contextvars import copy_context
from datetime import timedelta

from sqlalchemy.orm import Session

from payapp.billing.reconciliation.reports import list_reports
from payapp.jobs.sweeping import sweep_and_log
from payapp.ledger.holds import spend
from tests.billing.reconciling import Town
from tests.billing.returning import Sale
from tests.people import Visitor


def test_nothing_waits(staff: Visitor) -> None:
    page = staff.get("/admin/").text
    assert page.count("None.") == 4
    assert "Not compared yet" in page


def test_it_shows_disputes_and_debts(staff: Visitor, session: Session) -> None:
    contested, settled, indebted = Sale(session), Sale(session), Sale(session)
    contested.dispute("needs_response")
    settled.dispute("won")
    spend(session, indebted.user_id, 400, feature="test")
    indebted.refund(3900)
    session.commit()
    page = staff.get("/admin/").text
    assert f"dp_test_{contested.purchase.id}" in page
    assert f"dp_test_{settled.purchase.id}" not in page
    assert "\N{MINUS SIGN}400" in page


def test_it_shows_what_reconciliation_found_last(staff: Visitor, session: Session) -> None:
    town = Town(session)
    town.buy(is_told=False, currency="eur", amount_total=3600)
    copy_context().run(sweep_and_log, session, town.stripe, timedelta(days=7))
    page = staff.get("/admin/").text
    assert "The last 7 days, compared" in page
    assert "Disagreement" in page
    [report] = list_reports(session)
    assert (report.left_over, report.stopped_by, report.findings[0]["kind"]) == (
        len(report.findings),
        None,
        "disagreement",
    )


def test_a_report_takes_the_place_of_the_last(staff: Visitor, session: Session) -> None:
    town = Town(session)
    town.buy(is_told=False)
    for _ in range(2):
        copy_context().run(sweep_and_log, session, town.stripe, timedelta(days=7))
    session.rollback()
    [report] = list_reports(session)
    assert {each["kind"] for each in report.findings} == {"customer"}  # Stripe does not answer about the staff's own
    assert "Missing grant" not in staff.get("/admin/").text

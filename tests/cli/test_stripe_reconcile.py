"""flask stripe reconcile [--repair] [--since]"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.billing.errors import QuarantineError
from payapp.database.base import expect_writes
from payapp.ledger.balances import get_balance
from payapp.stripe_types.objects import Event
from payapp.webhooks.inbox import list_failed, record_failure
from tests.billing.reconciling import Town, rows_of
from tests.cli.conftest import RunCommand
from tests.factories import checkout_session_object, event_payload, make_purchase, make_user
from tests.stand_in import StandIn, running_stand_in

COMPLETED = "checkout.session.completed"


@pytest.fixture
def town(app: Flask, session: Session) -> Town:
    expect_writes()
    town = Town(session)
    town.buy()
    app.extensions["payapp_stripe"] = town.stripe
    return town


def test_it_works(town: Town, run: RunCommand) -> None:
    result = run("stripe", "reconcile")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Stripe and our books agree.\n", "")


def test_it_names_what_it_finds_and_writes_nothing(town: Town, run: RunCommand) -> None:
    purchase = town.buy(is_told=False)
    before = rows_of(town.session)
    result = run("stripe", "reconcile")
    assert result.exit_code == 1
    line, total = result.stdout.splitlines()
    assert line == (
        f"missing_grant {purchase.stripe_checkout_session_id} (purchase {purchase.id}, user {town.user.id}, $39.00, "
        "+500 credits): paid at Stripe, pending with us [can be repaired]"
    )
    assert total == "1 discrepancies, 0 repaired; money at risk: $39.00."
    assert rows_of(town.session) == before


def test_it_repairs_and_then_has_nothing_to_write(town: Town, run: RunCommand) -> None:
    refunded, user_id = town.buy(is_told=False), town.user.id
    town.refund(refunded, 1950, is_told=False)
    town.dispute(town.buy(is_told=False), is_told=False)
    result = run("stripe", "reconcile", "--repair")
    assert result.exit_code == 0, result.output
    assert [line.split()[0] for line in result.stdout.splitlines()[:-1]] == [
        "missing_grant",
        "missing_grant",
        "missing_refund",
        "missing_dispute",
    ]
    assert result.stdout.splitlines()[-1] == "4 discrepancies, 4 repaired; money at risk: $136.50."
    after = rows_of(town.session)
    assert get_balance(town.session, user_id).posted == 750
    again = run("stripe", "reconcile", "--repair")
    assert (again.exit_code, again.stdout) == (0, "Stripe and our books agree.\n")
    assert rows_of(town.session) == after


def test_it_goes_on_after_what_only_staff_can_decide(town: Town, run: RunCommand) -> None:
    town.put(town.buy(), status="expired", payment_status="unpaid")
    lost = make_purchase(town.session, town.user)
    town.put(lost, metadata={"app": "payapp"}, id="cs_of_nobody", payment_intent="pi_of_nobody")
    town.expire(lost)
    paid = town.buy(is_told=False)
    result = run("stripe", "reconcile", "--repair")
    outcomes = {line.split()[0]: line.split("[")[1] for line in result.stdout.splitlines()[:-1]}
    assert result.exit_code == 1
    assert outcomes["unpaid_grant"] == "needs staff]"
    assert outcomes["missing_purchase"].startswith("needs staff: cs_of_nobody has no purchase")
    assert outcomes["missing_grant"] == "repaired]"
    town.session.refresh(paid)
    assert paid.status == "fulfilled"
    assert "3 discrepancies, 1 repaired" in result.stdout


def test_it_names_a_failure_of_any_kind_and_goes_on(
    town: Town, run: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("payapp.billing.reconciliation.returns.record_refund", fail)
    town.refund(town.buy(is_told=False), 100, is_told=False)
    result = run("stripe", "reconcile", "--repair")
    assert result.exit_code == 1
    assert "[failed: RuntimeError: a defect]" in result.stdout
    assert "2 discrepancies, 1 repaired" in result.stdout


def test_it_replays_what_failed_and_not_what_is_in_quarantine(town: Town, run: RunCommand) -> None:
    purchase = make_purchase(town.session, make_user(town.session))
    town.put(purchase)
    for error in (RuntimeError("locked"), QuarantineError("wrong amount")):
        event = Event.from_payload(event_payload(COMPLETED, checkout_session_object(purchase)))
        record_failure(town.session, event, error)
        town.session.commit()
    result = run("stripe", "reconcile", "--repair")
    assert result.exit_code == 1
    assert "is failed: RuntimeError: locked [repaired]" in result.stdout
    assert "is quarantined: QuarantineError: wrong amount [needs staff]" in result.stdout
    town.session.rollback()
    assert [event.status for event in list_failed(town.session)] == ["quarantined"]
    assert get_balance(town.session, purchase.user_id).posted == 500


def test_it_says_that_stripe_is_silent_and_keeps_what_was_done(town: Town, run: RunCommand) -> None:
    town.buy(is_told=False)

    def fall_silent(kind: str) -> None:
        town.stripe.is_down = kind == "session"

    town.stripe.on_page = fall_silent
    result = run("stripe", "reconcile", "--repair")
    assert result.exit_code == 1
    assert "1 discrepancies, 1 repaired" in result.stdout
    assert "stopped, nothing is lost, run it again later: nobody answers" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("span", ["3d", "72h", "4320m"])
def test_it_takes_a_span(town: Town, run: RunCommand, span: str) -> None:
    now = datetime.now(UTC)
    for days, is_found in ((4, False), (2, True)):
        old = now - timedelta(days=days)
        purchase = make_purchase(town.session, town.user, created_at=old, status="failed")
        town.put(purchase, created=int(old.timestamp()))
        assert (run("stripe", "reconcile", "--since", span).exit_code == 1) is is_found


def test_it_takes_a_date(town: Town, run: RunCommand) -> None:
    old = datetime(2026, 3, 1, 12, tzinfo=UTC)
    town.put(make_purchase(town.session, town.user, created_at=old, status="failed"), created=int(old.timestamp()))
    assert run("stripe", "reconcile", "--since", "2026-03-02").exit_code == 0
    assert run("stripe", "reconcile", "--since", "2026-03-01T12:00:01Z").exit_code == 0
    assert run("stripe", "reconcile", "--since", "2026-03-01T13:00+01:00").exit_code == 1


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "moment", ["", "soon", "3 d", "-3d", "3w", "9999999d", "999999d", "2026-13-01", "0001-01-01T00:00+23:00"]
)
def test_it_refuses_what_is_no_moment(app: Flask, run: RunCommand, moment: str) -> None:
    result = run("stripe", "reconcile", "--since", moment)
    assert (result.exit_code, "Traceback" in result.output) == (2, False)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_it_draws_a_bar_on_a_terminal(town: Town, run: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payapp.cli.reconciliation.is_terminal", lambda: True)
    result = run("stripe", "reconcile")
    assert "Comparing" in result.stderr
    assert result.stdout == "Stripe and our books agree.\n"


# ---- over the wall, with a stand-in that nothing else uses


@pytest.fixture
def own_stripe(settings: dict[str, str], tmp_path: Path) -> Iterator[StandIn]:
    with running_stand_in(tmp_path) as stand_in:
        settings["STRIPE_API_BASE"] = stand_in.url
        yield stand_in


def test_it_makes_customers_that_were_never_made(own_stripe: StandIn, session: Session, run: RunCommand) -> None:
    user = make_user(session, stripe_customer_id=None)
    found = run("stripe", "reconcile")
    assert found.exit_code == 1
    assert f"customer user {user.id} (user {user.id}, no money)" in found.stdout
    assert own_stripe.list_customers(user.email) == []
    assert run("stripe", "reconcile", "--repair").exit_code == 0
    assert len(own_stripe.list_customers(user.email)) == 1
    assert run("stripe", "reconcile").exit_code == 0

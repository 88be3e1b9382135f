"""The sweep of the jobs: it repairs, logs, and waits for the next time when Stripe is silent."""

import logging
import os
from collections.abc import Iterator
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from payapp.billing.checkout.starting import start_checkout
from payapp.billing.checkout.storefront import Storefront
from payapp.billing.models import Purchase
from payapp.billing.packages import get_package
from payapp.database.base import expect_writes
from payapp.jobs.sweeping import sweep_and_log
from payapp.ledger.balances import get_balance
from payapp.web.services import get_stripe
from tests.billing.reconciling import Town, credits_of
from tests.factories import make_user
from tests.stand_in import StandIn, running_stand_in
from tests.warm import run_warm

WEEK = timedelta(days=7)


@pytest.fixture
def town(session: Session) -> Town:
    expect_writes()
    return Town(session)


def sweep(town: Town) -> None:
    """As a job does: in a context of its own, where SQLite's lock is not taken for reading."""
    town.session.rollback()
    copy_context().run(sweep_and_log, town.session, town.stripe, WEEK)


def test_it_works(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    purchase = town.buy(is_told=False)
    sweep(town)
    assert credits_of(town) == 500
    expected = f"missing_grant {purchase.stripe_checkout_session_id}: paid at Stripe, pending with us (repaired)"
    assert [record.getMessage() for record in caplog.records] == [expected]
    caplog.clear()
    sweep(town)
    assert caplog.records == []


def test_it_waits_for_the_next_time_when_stripe_is_silent(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    town.stripe.is_down = True
    sweep(town)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "the sweep was stopped, the next one goes on: nobody answers" in caplog.text


# ---- the jobs, in a process of their own


@pytest.fixture
def own_stripe(settings: dict[str, str], tmp_path: Path) -> Iterator[StandIn]:
    with running_stand_in(tmp_path) as stand_in:
        settings["STRIPE_API_BASE"] = stand_in.url
        yield stand_in


def run_job(settings: dict[str, str], job: str) -> None:
    status, printed = run_warm("tests.order_jobs", ["--here", job], {**os.environ, **settings})
    assert status == 0, printed


@pytest.mark.parametrize("engine_name", ["sqlite"])  # what a sweep does on PostgreSQL is tested elsewhere
def test_one_job_looks_at_the_week_and_one_at_the_time_in_which_money_comes_back(
    own_stripe: StandIn, settings: dict[str, str], app: Flask, session: Session
) -> None:
    expect_writes()
    user_id = make_user(session, stripe_customer_id=None).id
    session.rollback()
    for package_id, days in (("starter", 0), ("growth", 60)):
        storefront = Storefront("https://shop.example", {})
        url = start_checkout(session, get_stripe(), storefront, user_id, get_package(package_id))
        own_stripe.pay(url.rsplit("/", 1)[1])
        make_older(own_stripe, session, url.rsplit("/", 1)[1], days)
    posted = []
    for job in ("reconcile_recent", "reconcile_thoroughly"):
        run_job(settings, job)
        posted.append(get_balance(session, user_id).posted)
        session.rollback()
    assert posted == [100, 600]


def make_older(stand_in: StandIn, session: Session, checkout_session_id: str, days: int) -> None:
    """Let it have happened so many days ago, and our purchase have been closed as never paid."""
    moment = datetime.now(UTC) - timedelta(days=days)
    stand_in._change("UPDATE objects SET created = ? WHERE id = ?", str(int(moment.timestamp())), checkout_session_id)
    is_it = Purchase.stripe_checkout_session_id == checkout_session_id
    session.execute(update(Purchase).where(is_it).values(created_at=moment, status="expired"))
    session.commit()

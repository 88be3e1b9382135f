"""flask users sync-customers"""

import os
import pty
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.auth.accounts import change_email
from payapp.auth.models import User
from tests.cli.conftest import RunCommand
from tests.factories import make_user
from tests.processes import PROJECT_ROOT
from tests.stand_in import CREATE_CUSTOMER, StandIn


def list_customer_ids(session: Session) -> list[str | None]:
    session.rollback()
    return list(session.scalars(select(User.stripe_customer_id).order_by(User.id)))


def make_users(session: Session, count: int) -> list[str]:
    """Return the addresses of so many users whom Stripe does not know."""
    emails = [f"{uuid4().hex}@example.com" for _ in range(count)]
    for email in emails:
        make_user(session, email=email, stripe_customer_id=None)
    return emails


def test_it_works(stripe: StandIn, session: Session, run: RunCommand) -> None:
    emails = make_users(session, 3)
    make_user(session, stripe_customer_id="cus_known")
    result = run("users", "sync-customers")
    assert result.exit_code == 0
    assert "4 users: 3 customers made, 0 addresses pushed, 0 failed, 0 not tried." in result.output
    made = [customer["id"] for email in emails for customer in stripe.list_customers(email)]
    assert list_customer_ids(session) == [*made, "cus_known"]


def test_it_makes_nothing_twice(stripe: StandIn, session: Session, run: RunCommand) -> None:
    make_users(session, 2)
    run("users", "sync-customers")
    again = run("users", "sync-customers")
    assert (again.exit_code, len(stripe.list_requests(CREATE_CUSTOMER))) == (0, 2)
    assert "2 users: 0 customers made, 0 addresses pushed, 0 failed, 0 not tried." in again.output


def test_it_pushes_the_addresses_that_have_changed(stripe: StandIn, session: Session, run: RunCommand) -> None:
    make_users(session, 2)
    run("users", "sync-customers")
    session.rollback()
    first = session.scalars(select(User).order_by(User.id).limit(1)).one()
    new = f"{uuid4().hex}@example.com"
    change_email(session, first.id, new)
    session.commit()
    result = run("users", "sync-customers")
    assert "2 users: 0 customers made, 1 addresses pushed, 0 failed, 0 not tried." in result.output
    assert [customer["id"] for customer in stripe.list_customers(new)] == [first.stripe_customer_id]
    assert "0 addresses pushed" in run("users", "sync-customers").output


def test_it_names_who_failed_and_goes_on(stripe: StandIn, session: Session, run: RunCommand) -> None:
    customer_id = stripe.post("/v1/customers", email="old@example.com")["id"]
    known = {"stripe_customer_id": customer_id, "stripe_customer_email": "old@example.com"}
    wrong = make_user(session, email="jos\u00e9@example.com", **known).id
    make_users(session, 1)
    result = run("users", "sync-customers")
    assert result.exit_code == 1
    assert f"user {wrong}: " in result.stderr
    assert "Invalid email address" in result.stderr
    assert "2 users: 1 customers made, 0 addresses pushed, 1 failed, 0 not tried." in result.output
    kept, made = list_customer_ids(session)
    assert kept == customer_id
    assert made is not None
    assert run("users", "sync-customers").exit_code == 0  # what Stripe refused is not sent again


def test_it_gives_up_when_stripe_is_down(session: Session, run: RunCommand) -> None:
    make_users(session, 5)
    result = run("users", "sync-customers")
    assert result.exit_code == 1
    assert "5 users: 0 customers made, 0 addresses pushed, 3 failed, 2 not tried." in result.output
    assert list_customer_ids(session) == [None] * 5


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_it_shows_how_far_it_is(stripe: StandIn, session: Session, settings: dict[str, str], tmp_path: Path) -> None:
    make_users(session, 4)
    session.rollback()
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "flask", "users", "sync-customers"],
        cwd=PROJECT_ROOT,
        env={**os.environ, **settings, "TERM": "xterm"},
        stdout=theirs,
        stderr=theirs,
        check=True,
        timeout=60,
    )
    os.close(theirs)
    seen = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "25%" in seen
    assert "100%" in seen
    assert "4 users: 4 customers made" in seen

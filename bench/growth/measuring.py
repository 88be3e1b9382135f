"""What is measured at each size: requests of one client, the operator's two commands, and room on the disk."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from bench.engines import is_sqlite, say
from bench.footprint import time_requests
from bench.growth.filling import FIRST_OTHER_USER, HEAVY_USER, IDLE_USER
from bench.load import Requests, render_request
from bench.rows import make_checkout_session
from bench.seeding import log_in, make_api_spends, make_balance_reads, make_page_request
from payapp import create_app
from payapp.api.entries import _cursors
from payapp.auth.api_keys import create_api_key
from payapp.database.base import expect_reads_only
from payapp.extensions import db
from payapp.jobs.sweeping import sweep
from payapp.ledger.verification import verify
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import CheckoutSession, Page
from payapp.stripe_types.returns import Dispute, Refund
from tests.journeys.person import PASSWORD
from tests.processes import Stack, serving
from tests.quick_hashes import QUICK_HASHER

ORDINARY_USER = FIRST_OTHER_USER
MEGABYTE = 1024 * 1024
PAGE_SIZE = 100
DEEP = 100  # entries that are older still


@dataclass(frozen=True)
class Account:
    """One of the accounts that are measured: with an API key, and somebody who can log in."""

    id: int
    email: str
    api_key: str


def open_app(stack: Stack) -> Flask:
    """Return the application in this process, with the settings of the served one: cursors are signed."""
    names = ("DATABASE_URL", "PAYAPP_INSTANCE_PATH", "SECRET_KEY")
    return create_app({name: stack.environment[name] for name in names})


def open_accounts(app: Flask) -> list[Account]:
    """Let the owners of the ordinary, the heavy and the idle account log in, and give each an API key."""
    with app.app_context():
        session = db.session()
        session.execute(
            text(f"UPDATE users SET password_hash = :hash WHERE id <= {ORDINARY_USER}"),
            {"hash": QUICK_HASHER.hash(PASSWORD)},
        )
        accounts = [_open_account(session, user_id) for user_id in (ORDINARY_USER, HEAVY_USER, IDLE_USER)]
        session.commit()
    return accounts


def _open_account(session: Session, user_id: int) -> Account:
    return Account(user_id, f"u{user_id}@example.com", create_api_key(session, user_id, "growth", "spend").secret)


def measure(stack: Stack, app: Flask, accounts: list[Account], times: int) -> dict[str, float]:
    """Return milliseconds of the requests (medians of `times`), seconds of the commands, megabytes; by name.

    Raises AssertionError when a law is broken or Stripe's stand-in and the books disagree.
    """
    say("asking the running payapp")
    with serving(stack):
        found = _measure_requests(stack, app, accounts, times)
    for name, command in {"`flask ledger verify`": verify, "`flask stripe reconcile`": _reconcile}.items():
        say(name.strip("`"))
        found[f"{name}, s"] = _time(app, command)
    return found | {"Database, MB": _measure_size(stack.database_url)}


def _measure_requests(stack: Stack, app: Flask, accounts: list[Account], times: int) -> dict[str, float]:
    people = log_in(stack.url, [account.email for account in accounts])
    ordinary, heavy, idle = accounts
    pages: dict[str, bytes] = {}
    for person, whose in zip(people, ("ordinary", "heavy", "idle"), strict=True):
        pages[f"Credits page, {whose} account, ms"] = make_page_request(person, "/dashboard/credits")
        pages[f"Balance partial, {whose} account, ms"] = make_page_request(person, "/dashboard/credits/balance")
    asked: dict[str, Requests] = {
        "API spend, ordinary account, ms": make_api_spends([ordinary.api_key], times)[0],
        "API spend, heavy account, ms": make_api_spends([heavy.api_key], times)[0],
        "API balance, heavy account, ms": make_balance_reads([heavy.api_key], times)[0],
        "API entries, first page of the heavy account, ms": [_ask_entries(heavy)] * times,
        "API entries, deep page of the heavy account, ms": [_ask_entries(heavy, _deep_cursor(app))] * times,
        "API entries, first page of the idle account, ms": [_ask_entries(idle)] * times,
        **{name: [request] * times for name, request in pages.items()},
    }
    return {name: time_requests(stack.port, requests) for name, requests in asked.items()}


def _ask_entries(account: Account, cursor: str | None = None) -> bytes:
    query = f"?cursor={cursor}" if cursor else ""
    return render_request("GET", f"/api/v1/entries{query}", {"Authorization": f"Bearer {account.api_key}"})


def _deep_cursor(app: Flask) -> str:
    """Return the cursor, as the API would have given it, behind which the heavy account's first entries stand."""
    oldest = "SELECT id FROM ledger_entries WHERE user_id = :user ORDER BY id LIMIT 1 OFFSET :deep"
    with app.app_context():
        entry_id = db.session.scalar(text(oldest), {"user": HEAVY_USER, "deep": DEEP})
        return str(_cursors(HEAVY_USER).dumps(entry_id))


def _time(app: Flask, command: Callable[[Session], list[Any]]) -> float:
    """Return the seconds of the command's own work, Python's start left out."""
    with app.app_context():
        expect_reads_only()
        began_at = time.monotonic()
        found = command(db.session())
        took = time.monotonic() - began_at
    assert found == [], f"{len(found)} faults, the first: {found[0]}"
    return took


def _reconcile(session: Session) -> list[Any]:
    return list(sweep(session, StripeOfTheBooks(session), since=None, is_repair=False))


class StripeOfTheBooks(StripeService):
    """Stripe's account with exactly our purchases: each page is made of a hundred rows as it is asked for."""

    def __init__(self, session: Session) -> None:
        super().__init__("sk_test_bench", [])
        self._session = session

    def list_checkout_sessions(self, since: datetime | None = None) -> Iterator[Page[CheckoutSession]]:
        older = text("SELECT id, user_id FROM purchases WHERE id < :before ORDER BY id DESC LIMIT :page")
        before = 2**62
        while rows := self._session.execute(older, {"before": before, "page": PAGE_SIZE}).all():
            self._session.rollback()
            yield Page([CheckoutSession.from_object(make_checkout_session(*row)) for row in rows], [])
            before = rows[-1].id
        self._session.rollback()

    def list_refunds(self, since: datetime | None = None) -> Iterator[Page[Refund]]:
        return iter(())

    def list_disputes(self, since: datetime | None = None) -> Iterator[Page[Dispute]]:
        return iter(())


def _measure_size(database_url: str) -> float:
    if is_sqlite(database_url):
        path = Path(str(make_url(database_url).database))
        return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*")) / MEGABYTE
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0]) / MEGABYTE

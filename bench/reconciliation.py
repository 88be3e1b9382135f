"""python -m bench.reconciliation: how long, and with how much memory, a sweep goes through a million purchases.

Rows are made by the database itself, and Stripe's pages as they are asked for, so that this process holds what the
command would hold. Every tenth user has had all purchases refunded by a quarter. Exit status 1 above 200 MB.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.rows import MADE_AT, insert_purchases, insert_users, make_checkout_session, number_rows
from payapp import create_app
from payapp.database.base import expect_reads_only
from payapp.extensions import db
from payapp.jobs.sweeping import sweep
from payapp.ledger.guards import SQLITE_GUARDS
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import CheckoutSession, Page
from payapp.stripe_types.returns import Dispute, Refund
from tests.databases import PostgresDatabases, SqliteDatabases, running_postgres

PAGE_SIZE = 100
PURCHASES_EACH = 10
MEGABYTES_MAX = 200


def main() -> int:
    """Fill a database, sweep, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.reconciliation", description=__doc__)
    parser.add_argument("--purchases", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args()
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="payapp-bench-")))
        if options.engine == "sqlite":
            url = SqliteDatabases(folder).create()
        else:
            url = PostgresDatabases(cleanup.enter_context(running_postgres(in_memory=False)), folder).create()
        app = create_app({"DATABASE_URL": url, "PAYAPP_INSTANCE_PATH": str(folder)})
        with app.app_context():
            _fill(db.session(), options.purchases)
            megabytes = _measure(db.session(), options.purchases)
            db.engine.dispose()
    return 1 if megabytes > MEGABYTES_MAX else 0


def _measure(session: Session, purchases: int) -> float:
    expect_reads_only()
    before, began = _megabytes(), time.monotonic()
    found = sum(1 for _ in sweep(session, SyntheticStripe(purchases), since=None, is_repair=True))
    seconds, megabytes = time.monotonic() - began, _megabytes()
    print(f"{purchases:,} purchases on {session.get_bind().dialect.name}: {found} discrepancies, {seconds:.0f} s,")
    print(f"at most {megabytes:.0f} MB resident, {before:.0f} MB of them before it began")
    return megabytes


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class SyntheticStripe(StripeService):
    """Stripe's account with these purchases, made page by page; nothing of it is kept."""

    def __init__(self, purchases: int) -> None:
        super().__init__("sk_test_bench", [])
        self.purchases = purchases

    def list_checkout_sessions(self, since: datetime | None = None) -> Iterator[Page[CheckoutSession]]:
        for newest in range(self.purchases, 0, -PAGE_SIZE):
            numbers = range(newest, max(newest - PAGE_SIZE, 0), -1)
            yield Page([CheckoutSession.from_object(self._make_session(number)) for number in numbers], [])

    def list_refunds(self, since: datetime | None = None) -> Iterator[Page[Refund]]:
        for newest in range(self.purchases, 0, -PAGE_SIZE * 10):
            numbers = range(newest // 10 * 10, max(newest - PAGE_SIZE * 10, 0), -10)
            yield Page([Refund.from_object(_refund(number)) for number in numbers], [])

    def list_disputes(self, since: datetime | None = None) -> Iterator[Page[Dispute]]:
        return iter(())

    def _make_session(self, number: int) -> dict[str, Any]:
        return make_checkout_session(number, _user(number, self.purchases))


def _refund(number: int) -> dict[str, Any]:
    return {
        "id": f"re_{number}",
        "object": "refund",
        "status": "succeeded",
        "amount": 975,
        "currency": "usd",
        "payment_intent": f"pi_{number}",
        "charge": f"ch_{number}",
        "created": MADE_AT,
        "metadata": {},
    }


def _user(number: int, purchases: int) -> int:
    return (number - 1) % (purchases // PURCHASES_EACH) + 1


def _fill(session: Session, purchases: int) -> None:
    """Make users, purchases, refunds and entries; the guards are away meanwhile, and nothing but SQL counts."""
    users, now = purchases // PURCHASES_EACH, "CURRENT_TIMESTAMP"
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    guards = {name: sql for name, sql in SQLITE_GUARDS.items() if name.startswith("ledger_entries")}
    away = [f"DROP TRIGGER {name}" for name in guards] if is_sqlite else [_switch("DISABLE")]
    back = [*guards.values(), "ANALYZE"] if is_sqlite else [_switch("ENABLE"), "ANALYZE"]
    user, nth = f"(n - 1) % {users} + 1", f"(n - 1) / {users} + 1"
    statements = (
        insert_users(number_rows(1, users), credits="CASE WHEN n % 10 = 0 THEN 3750 ELSE 5000 END"),
        insert_purchases(number_rows(1, purchases), "n", user),
        "INSERT INTO ledger_entries (id, user_id, amount, balance_after, entry_type, category, idempotency_key,"
        f" created_at) SELECT n, {user}, 500, 500 * ({nth}), 'grant', 'paid', 'purchase:' || n, {now}"
        f" FROM {number_rows(1, purchases)}",
        "INSERT INTO refunds (stripe_refund_id, stripe_payment_intent_id, stripe_charge_id, status, amount, currency,"
        " livemode, created_at, updated_at)"
        f" SELECT 're_' || n, 'pi_' || n, 'ch_' || n, 'succeeded', 975, 'usd', false, {now}, {now}"
        f" FROM {number_rows(1, purchases)} WHERE n % 10 = 0",
        "INSERT INTO ledger_entries (id, user_id, amount, balance_after, entry_type, idempotency_key,"
        f" corrects_entry_id, created_at) SELECT {purchases} + n, {user}, -125, 5000 - 125 * ({nth}), 'clawback',"
        f" 'refund:re_' || n, n, {now} FROM {number_rows(1, purchases)} WHERE n % 10 = 0",
    )
    for statement in (*away, *statements, *back):
        session.execute(text(statement))
    session.commit()


def _switch(verb: str) -> str:
    return f"ALTER TABLE ledger_entries {verb} TRIGGER USER"


if __name__ == "__main__":
    raise SystemExit(main())

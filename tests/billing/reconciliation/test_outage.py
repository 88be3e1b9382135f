"""Three days without a single webhook, and then one `flask stripe reconcile --repair`, over a real stand-in."""

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.billing.checkout.starting import start_checkout
from payapp.billing.checkout.storefront import Storefront
from payapp.billing.models import Purchase
from payapp.billing.packages import PACKAGES
from payapp.billing.returns.returned_money import ReturnedMoney, credits_to_take_back
from payapp.database.base import expect_writes
from payapp.ledger.models import accounts
from payapp.ledger.verification import verify
from payapp.web.services import get_stripe
from payapp.webhooks.handlers import HANDLERS
from tests.billing.reconciling import rows_of
from tests.cli.conftest import (
    RunCommand,
    run,  # noqa: F401  (a fixture)
)
from tests.factories import make_user
from tests.stand_in import StandIn, running_stand_in

# 125 make 300 events that we would have handled; 4,300 make more than 10,000, in some minutes.
PURCHASES = int(os.environ.get("OUTAGE_PURCHASES", "125"))
DAY_SECONDS = 24 * 3600
SECONDS_MAX = 300
LISTS = ("GET /v1/checkout/sessions", "GET /v1/refunds", "GET /v1/disputes")


@pytest.fixture
def own_stripe(settings: dict[str, str], tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in whose events go nowhere, and whose clock nobody else needs."""
    with running_stand_in(tmp_path) as stand_in:
        settings["STRIPE_API_BASE"] = stand_in.url
        yield stand_in


@dataclass
class Outage:
    """What customers and banks did while we heard nothing. Every one of these customers buys each package once."""

    session: Session
    stand_in: StandIn

    def happen(self) -> None:
        storefront, service = Storefront("https://shop.example", {}), get_stripe()
        for number in range(PURCHASES):
            if number % len(PACKAGES) == 0:
                user_id = make_user(self.session, stripe_customer_id=None).id
                self.session.rollback()
            url = start_checkout(self.session, service, storefront, user_id, PACKAGES[number % len(PACKAGES)])
            self.session.rollback()
            self._go_on(number, url.rsplit("/", 1)[1])

    def _go_on(self, number: int, checkout_session_id: str) -> None:
        match number % 10:
            case 7:
                return  # left open: it expires
            case 8:
                self.stand_in.pay(checkout_session_id, "settle_fails")
                return
            case 9:
                self.stand_in.pay(checkout_session_id, "settles")
                return
        paid = self.stand_in.control(f"sessions/{checkout_session_id}/pay", outcome="paid")
        payment = {"payment_intent": paid["payment_intent"]}
        if number % 10 in (1, 2):
            amount = paid["amount_total"] // (number % 10)
            refund = self.stand_in.control("refunds", **payment, amount=amount, course="succeeds")
            if number % 20 == 2:
                self.stand_in.control(f"refunds/{refund['id']}/fail", reason="declined")
        if number % 10 in (3, 4):
            dispute = self.stand_in.control("disputes", **payment)
            if number % 20 < 10:
                self.stand_in.control(f"disputes/{dispute['id']}/{('win', 'lose')[number % 2]}")

    def forget_events(self) -> None:
        """Move Stripe's clock on until no event of it can be asked for any more; sessions and debits end on the way."""
        body = {"forward_seconds": 32 * DAY_SECONDS}
        requests.post(f"{self.stand_in.url}/_control/clock", json=body, timeout=SECONDS_MAX).raise_for_status()

    def count_events(self) -> int:
        """Return how many events were made that we handle."""
        with closing(sqlite3.connect(self.stand_in.state_path)) as connection:
            types = connection.execute("SELECT json_extract(body, '$.type') FROM objects WHERE kind = 'event'")
            return sum(one in HANDLERS for (one,) in types)

    def list_wrong_balances(self) -> dict[int, tuple[int, int]]:
        """Return the users who don't have exactly what the stand-in's record of the money says."""
        self.session.rollback()
        money = self.stand_in.get("/_control/money")["payment_intents"]
        due: Counter[int] = Counter()
        for purchase in self.session.scalars(select(Purchase)):
            if moved := money.get(purchase.stripe_payment_intent_id):
                due[purchase.user_id] += _due(purchase, moved)
        posted = {row.id: row.credits for row in self.session.execute(select(accounts))}
        return {user: (due[user], has) for user, has in posted.items() if due[user] != has}


def _due(purchase: Purchase, moved: dict[str, int]) -> int:
    if moved["charged"] == 0:
        return 0
    returned = ReturnedMoney(moved["refunded"], moved["disputed"] - moved["reinstated"])
    return purchase.credits - credits_to_take_back(purchase.credits, purchase.amount_total, returned)


@pytest.fixture
def outage(own_stripe: StandIn, app: Flask, session: Session) -> Outage:
    expect_writes()
    own_stripe.control("deliveries/plan", mode="never")
    return Outage(session, own_stripe)


def test_one_run_heals_three_days_of_silence(outage: Outage, run: RunCommand) -> None:  # noqa: F811
    outage.happen()
    outage.forget_events()
    lost = outage.count_events()
    assert lost > PURCHASES
    assert outage.stand_in.get("/v1/events", type="charge.dispute.created")["data"] == []
    for operation in LISTS:
        outage.stand_in.arm(operation, "429")

    began = time.monotonic()
    healed = run("stripe", "reconcile", "--repair")
    seconds = time.monotonic() - began
    print(f"{lost} lost events of {PURCHASES} purchases healed in {seconds:.1f} s")
    assert healed.exit_code == 0, healed.output
    assert seconds < SECONDS_MAX
    assert outage.list_wrong_balances() == {}
    assert verify(outage.session) == []
    pending = select(func.count()).select_from(Purchase).where(Purchase.status == "pending")
    assert outage.session.scalars(pending).one() == 0

    after = rows_of(outage.session)
    began = time.monotonic()
    again = run("stripe", "reconcile", "--repair")
    print(f"the second run took {time.monotonic() - began:.1f} s")
    assert (again.exit_code, again.stdout) == (0, "Stripe and our books agree.\n")
    assert rows_of(outage.session) == after

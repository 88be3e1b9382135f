"""Faults planted in the books are all named; where nothing is wrong nothing is."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.billing.reconciliation import Discrepancy, reconcile
from payapp.database.base import expect_writes
from payapp.ledger.holds import place_hold, spend
from payapp.ledger.models import accounts
from payapp.ledger.verification import verify
from tests.billing.faults import FAULTS
from tests.billing.planted import plant, set_scene
from tests.billing.reconciling import FakeStripe, Town
from tests.factories import make_purchase

# By how many credits a repair moves the balance of which fault's user …
MOVED = {
    "paid, never told": 500,
    "paid after it had expired with us": 500,
    "paid after it had failed with us": 500,
    "paid, its session lost": 500,
    "paid, its row lost": 500,
    "grant deleted": 375,
    "refunded, never told": -125,
    "refund failed, never told": 125,
    "disputed, never told": -375,
    "dispute won, never told": 375,
    "dispute's amount grown, never told": -128,
    "claw-back deleted": -125,
    "claw-back made smaller": -124,
    "taken back twice": 125,
    "given back by hand": -125,
}
# … and whom else it leaves with nothing for staff to look at. `claw-back made smaller` stays: an entry was edited.
HEALED = {
    *(MOVED.keys() - {"claw-back made smaller"}),
    "dispute deleted",
    "refund deleted",
    "expired, never told",
    "slow payment begun, never told",
    "slow payment failed, never told",
    "its session unknown to it",
    "set back to pending",
}
# 10,000 takes three minutes an engine.
CLEAN_PURCHASES = int(os.environ.get("CLEAN_PURCHASES", "120"))


@pytest.fixture
def fake(session: Session) -> Iterator[FakeStripe]:
    expect_writes()
    yield FakeStripe()
    session.rollback()


@dataclass(frozen=True)
class Damage:
    """Every fault, each planted for a user of its own, and users who have none."""

    session: Session
    stripe: FakeStripe
    users: dict[str, int]
    bystanders: set[int]

    def find(self) -> list[Discrepancy]:
        self.session.rollback()
        return list(reconcile(self.session, self.stripe))

    @property
    def balances(self) -> dict[int, int]:
        """What every user has posted."""
        self.session.rollback()
        return {row.id: row.credits for row in self.session.execute(select(accounts))}


@pytest.fixture
def damage(session: Session, fake: FakeStripe) -> Damage:
    bystanders = {set_scene(Town(session, fake)).user_id for _ in range(3)}
    scenes = {name: set_scene(Town(session, fake)) for name in FAULTS}
    users = {name: scene.user_id for name, scene in scenes.items()}
    statements = [one for name, (_, damage) in FAULTS.items() for one in damage(scenes[name])]
    session.commit()
    plant(session, statements)
    users["another user in the row"] = min(bystanders)  # it is named as the row's new user's
    return Damage(session, fake, users, bystanders - {min(bystanders)})


def test_it_names_every_fault_and_repairs_only_what_stripe_bears_out(damage: Damage) -> None:
    """One test, because so much damage takes seconds to do."""
    _require_every_fault_named(damage)
    _require_the_right_repairs(damage)


def _require_every_fault_named(damage: Damage) -> None:
    found = damage.find()
    named = {(one.kind, one.user_id) for one in found}
    assert [name for name, (kind, _) in FAULTS.items() if (kind, damage.users[name]) not in named] == []
    assert not damage.bystanders & {one.user_id for one in found}
    without_money = ("ledger", "unknown_cause", "extra_grant", "stuck_pending", "wrong_clawback")
    assert [one for one in found if one.kind not in without_money and not (one.amount and one.currency)] == []
    assert len(FAULTS) >= 30


def _require_the_right_repairs(damage: Damage) -> None:
    """The end is what Stripe says was paid and sent back, or, where staff must decide, what was there before."""
    before = damage.balances
    for found in reconcile(damage.session, damage.stripe):
        if found.remedy is not None:
            found.remedy(damage.session)
            damage.session.commit()
    left = damage.find()
    assert [one for one in left if one.remedy is not None] == []
    after, for_staff = damage.balances, {one.user_id for one in left}
    moved = {name: after[user] - before[user] for name, user in damage.users.items() if after[user] != before[user]}
    assert moved == MOVED
    assert {name for name, user in damage.users.items() if user not in for_staff} == HEALED


def test_it_says_nothing_where_nothing_is_wrong(session: Session, fake: FakeStripe) -> None:
    for number in range(CLEAN_PURCHASES):
        live(Town(session, fake), number)
    session.commit()
    assert verify(session) == []
    assert list(reconcile(session, fake)) == []
    assert list(reconcile(session, fake, since=datetime.now(UTC))) == []


def live(town: Town, number: int) -> None:
    """Somebody's purchase, and what becomes of one in so many."""
    if number % 20 == 19:
        town.expire(make_purchase(town.session, town.user))
        return
    if number % 20 == 18:
        town.fail(make_purchase(town.session, town.user))
        return
    purchase = town.buy()
    if number % 2:
        spend(town.session, town.user.id, 7, feature="test")
    if number % 5 == 0:
        place_hold(town.session, town.user.id, 20, feature="test")
    if number % 4 == 0:
        refund = town.refund(purchase, 1 + number % 3900, status=("pending", "succeeded")[number % 3 == 0])
        if number % 8 == 0:
            town.refund(purchase, refund.amount, status="failed", id=refund.id)
    if number % 7 == 0:
        town.dispute(purchase, ("needs_response", "warning_needs_response", "won", "lost")[number % 4])

"""Whatever is done in whatever order, the book says what a simple model in memory says."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from payapp.ledger.balances import get_balance
from payapp.ledger.errors import (
    CaptureTooLargeError,
    HoldNotOpenError,
    IdempotencyConflictError,
    InsufficientCreditsError,
)
from payapp.ledger.holds import capture_hold, expire_holds, place_hold, release_hold, spend
from payapp.ledger.models import Hold
from payapp.ledger.posting import grant
from payapp.ledger.verification import verify
from tests.effort import pick
from tests.factories import make_user
from tests.ledger.racing import engine_for

RUNS = settings(max_examples=pick(15, 300), stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow])
AMOUNTS = st.integers(1, 60)
ACCOUNTS = st.integers(0, 1)
_runs = count(1)


@dataclass
class Account:
    """What the model knows of an account; `held` without what is overdue."""

    user_id: int
    posted: int = 0
    held: int = 0

    @property
    def available(self) -> int:
        return self.posted - self.held


@dataclass
class ModelHold:
    """What the model knows of a hold."""

    id: int
    account: Account
    amount: int
    is_overdue: bool
    is_open: bool = True

    def end(self, captured: int = 0) -> None:
        self.is_open = False
        self.account.held -= 0 if self.is_overdue else self.amount
        self.account.posted -= captured


@dataclass
class Model:
    accounts: list[Account]
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    holds: list[ModelHold] = field(default_factory=list)


class LedgerMachine(RuleBasedStateMachine):
    """Each run has two accounts of its own in the one database: entries of earlier runs can't be deleted."""

    engine: Engine  # set by the test
    holds = Bundle("holds")

    @initialize()
    def open_accounts(self) -> None:
        self.run = next(_runs)
        self.session = Session(self.engine)
        self.model = Model([Account(make_user(self.session).id) for _ in range(2)])

    @rule(which=ACCOUNTS, amount=AMOUNTS, number=st.integers(0, 5))
    def grant(self, which: int, amount: int, number: int) -> None:
        account, key = self.model.accounts[which], f"purchase:{self.run}:{number}"
        standing = self.model.keys.get(key)
        if standing not in (None, (which, amount)):
            with pytest.raises(IdempotencyConflictError):
                grant(self.session, account.user_id, amount, idempotency_key=key)
        else:
            entry = grant(self.session, account.user_id, amount, idempotency_key=key)
            assert entry.is_new == (standing is None)
            self.model.keys[key] = (which, amount)
            account.posted += amount if entry.is_new else 0
        self.session.commit()

    @rule(which=ACCOUNTS, amount=AMOUNTS)
    def spend(self, which: int, amount: int) -> None:
        account = self.model.accounts[which]
        if amount > account.available:
            self._is_refused(account, amount, spend)
        else:
            account.posted -= amount
            entry = spend(self.session, account.user_id, amount, feature="test")
            assert entry.balance_after == account.posted
        self.session.commit()

    @rule(target=holds, which=ACCOUNTS, amount=AMOUNTS, seconds=st.sampled_from([-1, 3600]))
    def place(self, which: int, amount: int, seconds: int) -> Any:
        account = self.model.accounts[which]
        if amount > account.available:
            self._is_refused(account, amount, place_hold)
            return multiple()
        account.held += amount if seconds > 0 else 0
        placed = place_hold(self.session, account.user_id, amount, feature="test", expires_in_seconds=seconds)
        self.session.commit()
        hold = ModelHold(placed.id, account, amount, is_overdue=seconds < 0)
        self.model.holds.append(hold)
        return hold

    @rule(hold=holds, amount=st.none() | AMOUNTS)
    def capture(self, hold: ModelHold, amount: int | None) -> None:
        if not hold.is_open or hold.is_overdue:
            with pytest.raises(HoldNotOpenError):
                capture_hold(self.session, hold.id, amount)
        elif amount is not None and amount > hold.amount:
            with pytest.raises(CaptureTooLargeError):
                capture_hold(self.session, hold.id, amount)
        else:
            hold.end(captured=amount or hold.amount)
            assert capture_hold(self.session, hold.id, amount).balance_after == hold.account.posted
        self.session.commit()

    @rule(hold=holds)
    def release(self, hold: ModelHold) -> None:
        if self._is_open(hold):
            release_hold(self.session, hold.id)
            hold.end()
        else:
            with pytest.raises(HoldNotOpenError):
                release_hold(self.session, hold.id)
        self.session.commit()

    @rule()
    def expire(self) -> None:
        overdue = [hold for hold in self.model.holds if hold.is_overdue and self._is_open(hold)]
        assert expire_holds(self.session) == len(overdue)
        self.session.commit()
        for hold in overdue:
            hold.end()

    @rule(which=ACCOUNTS, amount=AMOUNTS)
    def change_nothing(self, which: int, amount: int) -> None:
        """A transaction that is rolled back."""
        user_id = self.model.accounts[which].user_id
        grant(self.session, user_id, amount, idempotency_key=f"rolled back:{self.run}")
        place_hold(self.session, user_id, 1, feature="test", expires_in_seconds=-1)
        expire_holds(self.session)
        self.session.rollback()

    @invariant()
    def the_book_agrees_with_the_model(self) -> None:
        for account in self.model.accounts:
            balance = get_balance(self.session, account.user_id)
            assert (balance.posted, balance.held) == (account.posted, account.held)
            assert balance.available >= 0
        self.session.commit()

    def teardown(self) -> None:
        if not hasattr(self, "session"):
            return
        try:
            assert verify(self.session) == []
            expire_holds(self.session)  # the next run begins with none overdue
            self.session.commit()
        finally:
            self.session.close()

    def _is_open(self, hold: ModelHold) -> bool:
        """An overdue hold may have ended when somebody needed its credits: when, is the ledger's business."""
        if hold.is_overdue and self.session.get_one(Hold, hold.id, populate_existing=True).status == "expired":
            hold.is_open = False
        return hold.is_open

    def _is_refused(self, account: Account, amount: int, function: Any) -> None:
        with pytest.raises(InsufficientCreditsError) as caught:
            function(self.session, account.user_id, amount, feature="test")
        assert (caught.value.required, caught.value.available) == (amount, account.available)


@pytest.mark.long
def test_the_book_agrees_with_a_simple_model(database_url: str) -> None:
    with engine_for(database_url) as engine:
        machine = type("Machine", (LedgerMachine,), {"engine": engine})
        run_state_machine_as_test(machine, settings=RUNS)

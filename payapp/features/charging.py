"""Charging for one use: the cost is held, the work runs, and what it came to is captured.

All in one request (charge_for), or the request holds and a job does the work (capture_when_done).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from payapp.extensions import db
from payapp.features.at_once import capture_at_once, place_at_once
from payapp.features.use import Use
from payapp.ledger.errors import HoldNotOpenError
from payapp.ledger.holds import capture_hold, place_hold, release_hold

_is_charging: ContextVar[bool] = ContextVar("is_charging", default=False)


class Charge:
    """What one use is going to cost: `held` credits, unless the work lowers `amount`."""

    def __init__(self, held: int) -> None:
        self.held = held
        self._amount = held

    @property
    def amount(self) -> int:
        """The credits that will be taken; the rest of what was held is free again. 0 takes nothing."""
        return self._amount

    @amount.setter
    def amount(self, amount: int) -> None:
        if type(amount) is not int or not 0 <= amount <= self.held:
            raise ValueError(f"a charge is a whole number from 0 to the {self.held} credits held, not {amount!r}")
        self._amount = amount


@contextmanager
def charge_for(use: Use) -> Iterator[Charge]:
    """Hold the cost, let the work run, and capture what the charge says then; release if the work fails."""
    session, charge = db.session(), Charge(use.cost)
    with _alone():
        hold_id = _hold(session, use) if use.cost else None
        session.commit()
        try:
            yield charge
            _pay(session, use, hold_id, charge.amount)
        except BaseException:
            session.rollback()
            _settle(session, hold_id, 0)
            session.commit()
            raise
        session.commit()


@contextmanager
def capture_when_done(session: Session, hold_id: int) -> Iterator[None]:
    """Let a job do what a request has placed the hold for; what the work wrote and the entry are one commit.

    So there is never the one without the other, however often the job is done: whoever comes second, or too late,
    gets HoldNotOpenError, and what they wrote is rolled back. It is also when the work raises, and the hold released.
    A database that fails, or a process that dies, leaves the hold open: the job is done again while it lasts. The
    work may commit how far it is.
    """
    try:
        yield
        capture_hold(session, hold_id)
        session.commit()
    except (SQLAlchemyError, HoldNotOpenError):
        session.rollback()
        raise
    except Exception:
        session.rollback()
        _settle(session, hold_id, 0)
        session.commit()
        raise


@contextmanager
def _alone() -> Iterator[None]:
    """Refuse a use within a use: the inner one's commits would keep what the outer one may have to undo."""
    if _is_charging.get():
        raise RuntimeError("spends_credits() within spends_credits(): charge one after the other, or for both at once")
    token = _is_charging.set(True)
    try:
        yield
    finally:
        _is_charging.reset(token)


def place_for_use(session: Session, use: Use) -> int:
    """Place the hold, or find the one of this use. One that has failed before is tried again, with the next key."""
    place = partial(
        place_hold,
        session,
        use.user_id,
        use.cost,
        feature=use.feature,
        note=use.note,
        expires_in_seconds=use.expires_in_seconds,
    )
    hold = place(idempotency_key=use.idempotency_key)
    while hold.status in ("released", "expired"):
        hold = place(idempotency_key=f"{use.idempotency_key}:{hold.id}")
    return hold.id


def _hold(session: Session, use: Use) -> int:
    """Place the use's hold. Where the session has no transaction open, it is committed already."""
    hold_id = place_at_once(session, use)
    return place_for_use(session, use) if hold_id is None else hold_id


def _pay(session: Session, use: Use, hold_id: int | None, amount: int) -> None:
    if hold_id is None or not amount or not capture_at_once(session, use, hold_id, amount):
        _settle(session, hold_id, amount, is_shared=use.idempotency_key is not None)


def _settle(session: Session, hold_id: int | None, amount: int, *, is_shared: bool = False) -> None:
    """Take `amount` of the hold, or with 0 release it. `is_shared`: another call for the same use may have paid."""
    if hold_id is None:
        return
    try:
        if amount:
            capture_hold(session, hold_id, amount)
        else:
            release_hold(session, hold_id)
    except HoldNotOpenError as error:
        if not amount or (is_shared and (error.captured_amount or 0) >= amount):
            return  # nothing was to be taken, or the same use has been paid already, under its key
        if error.status == "expired":
            error.add_note("The work took longer than its hold lasts: give spends_credits() more expires_in_seconds.")
        raise

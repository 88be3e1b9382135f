"""Holds: credits set aside for work under way, then captured, released or expired, exactly once.

A hold ends by one conditional UPDATE: whoever changes its status from `open` wins, everybody else
finds no row. `spend()` is place and capture in one transaction, so there is one path only.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Float, Table, bindparam, func, literal_column, select, true, update
from sqlalchemy.orm import Session

from payapp.clock import utc_now
from payapp.db import database_now, dialect_insert
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import (
    CaptureTooLargeError,
    HoldNotOpenError,
    IdempotencyConflictError,
    InsufficientCreditsError,
    TooManyHoldsError,
)
from payapp.ledger.hold_views import HOLDS, STATUS_NOW, HoldView, find_hold_of_request
from payapp.ledger.models import Hold, HoldStatus, accounts
from payapp.ledger.posting import PostedEntry, post_entry, require_amount

HOLD_SECONDS = 15 * 60
EXPIRE_BATCH = 500
OPEN_HOLDS_MAX = 100  # of one account; a program that forgets its holds is stopped here

# Built once, as in posting.py.
SET_ASIDE = (
    update(accounts)
    .where(accounts.c.id == bindparam("user_id"), accounts.c.credits - accounts.c.credits_held >= bindparam("amount"))
    .values(credits_held=accounts.c.credits_held + bindparam("amount"))
    .returning(accounts.c.id)
)
CAPTURED = func.coalesce(bindparam("wanted", type_=HOLDS.c.amount.type), HOLDS.c.amount)
CAPTURE = (
    update(HOLDS)
    .where(
        HOLDS.c.id == bindparam("hold_id"),
        HOLDS.c.status == "open",
        HOLDS.c.expires_at > database_now(),
        HOLDS.c.amount >= CAPTURED,
    )
    .values(status="captured", captured_amount=CAPTURED, ended_at=bindparam("now"))
    .returning(HOLDS.c.user_id, HOLDS.c.amount, HOLDS.c.captured_amount, HOLDS.c.feature, HOLDS.c.note)
)


OTHERS = HOLDS.alias("others")
HAS_ROOM = (
    select(func.count())
    .where(OTHERS.c.user_id == bindparam("user_id"), OTHERS.c.status == literal_column("'open'"))
    .scalar_subquery()
    < OPEN_HOLDS_MAX
)
WITHOUT_LIMIT = true()


def place_hold(
    session: Session,
    user_id: int,
    amount: int,
    *,
    feature: str,
    note: str | None = None,
    expires_in_seconds: float = HOLD_SECONDS,
    idempotency_key: str | None = None,
) -> HoldView:
    """Set `amount` credits aside for `feature`; they are no longer available, but still posted.

    With an idempotency key, once for each: the same key again, for the same account, amount and feature, changes
    nothing and returns the hold that stands, however it has ended. Raises InvalidAmountError, UnknownAccountError,
    InsufficientCreditsError when fewer are available (also when the account is in debt), TooManyHoldsError, and
    IdempotencyConflictError when the key belongs to anything else; nothing is changed then.
    """
    values = {"feature": feature, "note": note, "idempotency_key": idempotency_key}
    return _place(session, user_id, amount, HAS_ROOM, expires_in_seconds=expires_in_seconds, **values)[0]


def capture_hold(session: Session, hold_id: int, amount: int | None = None) -> PostedEntry:
    """Turn the hold into an entry of `amount` credits (all of it when None); the rest is available again at once.

    Raises HoldNotOpenError when it has ended or is past its `expires_at`, CaptureTooLargeError when
    `amount` is more than was held, InvalidAmountError. The hold is unchanged then. Debt does not stop a
    capture: the credits were set aside while they were there.
    """
    if amount is not None:
        require_amount(amount)
    row = session.execute(CAPTURE, {"hold_id": hold_id, "wanted": amount, "now": utc_now()}).one_or_none()
    if row is None:
        raise _why_not_captured(session, hold_id, amount)
    return post_entry(
        session,
        user_id=row.user_id,
        amount=-row.captured_amount,
        released=row.amount,
        entry_type="capture",
        idempotency_key=f"capture:{hold_id}",
        note=row.note or row.feature,
    )


def release_hold(session: Session, hold_id: int) -> None:
    """End the hold with no entry; its credits are available again. Raises HoldNotOpenError when it has ended."""
    if not _end_hold(session, hold_id, "released"):
        raise HoldNotOpenError(hold_id, find_hold_status(session, hold_id))


def expire_holds(session: Session, limit: int = EXPIRE_BATCH) -> int:
    """End up to `limit` open holds that are past their `expires_at`, oldest first; return how many.

    A hold that somebody else is ending at this moment is left to them. The one function that changes several
    accounts in a transaction: it locks all its holds first and then the accounts by rising id, or two workers,
    or a worker and a release, could wait for each other.
    """
    overdue = session.execute(
        select(Hold.user_id, Hold.id)
        .where(Hold.status == "open", Hold.expires_at <= database_now())
        .order_by(Hold.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    return sum(_end_hold(session, hold_id, "expired") for _, hold_id in sorted(overdue))


def spend(
    session: Session,
    user_id: int,
    amount: int,
    *,
    feature: str,
    note: str | None = None,
    idempotency_key: str | None = None,
) -> PostedEntry:
    """Use `amount` credits at once: a hold, captured in the same transaction, which no limit of open holds concerns.

    With an idempotency key, once for each: the same key again changes nothing and returns the entry that stands,
    with `is_new` False. Raises what place_hold() raises.
    """
    values = {"feature": feature, "note": note, "idempotency_key": idempotency_key}
    hold, is_new = _place(session, user_id, amount, WITHOUT_LIMIT, expires_in_seconds=HOLD_SECONDS, **values)
    if is_new:
        return capture_hold(session, hold.id)
    if hold.captured_amount != amount:
        raise IdempotencyConflictError(str(idempotency_key))
    cause = f"capture:{hold.id}"
    return post_entry(session, user_id=user_id, amount=-amount, entry_type="capture", idempotency_key=cause)


def find_hold_status(session: Session, hold_id: int) -> HoldStatus | None:
    """Return the status of the hold, `expired` as soon as its time is over; None if there is none."""
    status: HoldStatus | None = session.scalar(select(STATUS_NOW).where(HOLDS.c.id == hold_id))
    return status


def _place(
    session: Session, user_id: int, amount: int, condition: ColumnElement[bool], **values: Any
) -> tuple[HoldView, bool]:
    """Place the hold under the condition, and return it with True; or with False the one that stands under its key.

    Setting the credits aside locks the account's row. So whoever counts its open holds afterwards counts those that
    everybody before has placed.
    """
    require_amount(amount)
    if session.execute(SET_ASIDE, {"user_id": user_id, "amount": amount}).scalar() is None:
        standing = _find_standing(session, user_id, amount, **values)
        if standing is None:
            raise InsufficientCreditsError(user_id, amount, get_balance(session, user_id).available)
        return standing, False
    values |= {"user_id": user_id, "amount": amount, "status": "open", "created_at": utc_now()}
    row = session.execute(_build_insert(dialect_insert(session), condition), values).one_or_none()
    if row is not None:
        return HoldView(*row), True
    _free(session, user_id, amount)
    standing = _find_standing(session, **values)
    if standing is None:
        raise TooManyHoldsError(user_id, OPEN_HOLDS_MAX)
    return standing, False


def _find_standing(
    session: Session, user_id: int, amount: int, feature: str, idempotency_key: str | None, **_: Any
) -> HoldView | None:
    """Return the hold that was placed under the key before. Raises IdempotencyConflictError if it is another one."""
    standing = find_hold_of_request(session, idempotency_key) if idempotency_key else None
    if standing and (standing.user_id, standing.amount, standing.feature) != (user_id, amount, feature):
        raise IdempotencyConflictError(str(idempotency_key))
    return standing


INSERTED = ("user_id", "amount", "status", "feature", "note", "idempotency_key", "created_at")


@cache
def _build_insert(insert: Callable[[Table], Any], condition: ColumnElement[bool]) -> Any:
    """Built once for each engine and condition. No row comes back when the condition fails or the key stands."""
    expires_at = database_now(bindparam("expires_in_seconds", type_=Float))
    row = select(*(bindparam(name, type_=HOLDS.c[name].type) for name in INSERTED), expires_at).where(condition)
    statement = insert(HOLDS).from_select([*INSERTED, "expires_at"], row).on_conflict_do_nothing()
    return statement.returning(*(HOLDS.c[name] for name in HoldView.__dataclass_fields__))


def _end_hold(session: Session, hold_id: int, status: HoldStatus) -> bool:
    """End the hold without an entry and free its credits; False when another worker got there first."""
    row = session.execute(
        update(Hold)
        .where(Hold.id == hold_id, Hold.status == "open")
        .values(status=status, ended_at=utc_now())
        .returning(Hold.user_id, Hold.amount)
    ).one_or_none()
    if row is None:
        return False
    _free(session, row.user_id, row.amount)
    return True


def _free(session: Session, user_id: int, amount: int) -> None:
    """Make held credits available again."""
    session.execute(
        update(accounts).where(accounts.c.id == user_id).values(credits_held=accounts.c.credits_held - amount)
    )


def _why_not_captured(session: Session, hold_id: int, amount: int | None) -> HoldNotOpenError | CaptureTooLargeError:
    status = find_hold_status(session, hold_id)
    if status == "open" and amount is not None:
        held = session.scalars(select(Hold.amount).where(Hold.id == hold_id)).one()
        return CaptureTooLargeError(hold_id, amount, held)
    return HoldNotOpenError(hold_id, status)

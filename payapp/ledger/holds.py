"""Holds: credits set aside for work under way, then captured, released or expired, exactly once.

A hold ends by one conditional UPDATE: whoever changes its status from `open` wins, everybody else
finds no row. `spend()` is place and capture in one step: its hold is captured from the start.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.clock import utc_now
from payapp.db import dialect_insert
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import (
    CaptureTooLargeError,
    HoldNotOpenError,
    IdempotencyConflictError,
    InsufficientCreditsError,
    TooManyHoldsError,
)
from payapp.ledger.hold_statements import CAPTURE, END, SET_ASIDE, build_insert_captured, build_insert_open
from payapp.ledger.hold_views import HOLDS, STATUS_NOW, HoldView, find_hold_of_request
from payapp.ledger.models import Hold, HoldStatus, accounts
from payapp.ledger.posting import PostedEntry, post_entry, require_amount
from payapp.sql_functions import database_now

HOLD_SECONDS = 15 * 60
EXPIRE_BATCH = 500
OPEN_HOLDS_MAX = 100  # of one account; a program that forgets its holds is stopped here


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

    Setting the credits aside locks the account's row. So whoever counts its open holds afterwards counts those that
    everybody before has placed.
    """
    use = _describe(user_id, amount, feature, note, idempotency_key)
    if session.execute(SET_ASIDE, {"user_id": user_id, "amount": amount}).scalar() is None:
        return _find_standing(session, use) or _refuse(session, user_id, amount)
    terms = {"created_at": utc_now(), "expires_in_seconds": expires_in_seconds, "open_holds_max": OPEN_HOLDS_MAX}
    row = session.execute(build_insert_open(dialect_insert(session)), use | terms).one_or_none()
    if row is not None:
        return HoldView(*row)
    _free(session, user_id, amount)
    standing = _find_standing(session, use)
    if standing is None:
        raise TooManyHoldsError(user_id, OPEN_HOLDS_MAX)
    return standing


def capture_hold(
    session: Session, hold_id: int, amount: int | None = None, *, owner_id: int | None = None
) -> PostedEntry:
    """Turn the hold into an entry of `amount` credits (all of it when None); the rest is available again at once.

    With `owner_id` another's hold is as good as none. Raises HoldNotOpenError when there is none, it has ended or is
    past its `expires_at`, CaptureTooLargeError when `amount` is more than was held, InvalidAmountError. The hold is
    unchanged then. Debt does not stop a capture: the credits were set aside while they were there.
    """
    if amount is not None:
        require_amount(amount)
    values = {"hold_id": hold_id, "owner_id": owner_id, "wanted": amount, "now": utc_now()}
    row = session.execute(CAPTURE, values).one_or_none()
    if row is None:
        raise _why_not_captured(session, hold_id, amount, owner_id)
    return _post_capture(session, row.user_id, hold_id, row.captured_amount, row.note or row.feature, row.amount)


def release_hold(session: Session, hold_id: int) -> HoldStatus:
    """End the hold with no entry; its credits are available again.

    Returns `released`; or `expired` past its `expires_at`, where the clock's job had not come yet: who comes too late
    is told so. Raises HoldNotOpenError when it has ended before.
    """
    status = _end_hold(session, hold_id)
    if status is None:
        raise HoldNotOpenError(hold_id, find_hold_status(session, hold_id))
    return status


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
    return sum(_end_hold(session, hold_id) == "expired" for _, hold_id in sorted(overdue))


def spend(
    session: Session,
    user_id: int,
    amount: int,
    *,
    feature: str,
    note: str | None = None,
    idempotency_key: str | None = None,
) -> PostedEntry:
    """Use `amount` credits at once: a hold that is captured from the start, which no limit of open holds concerns.

    With an idempotency key, once for each: the same key again changes nothing and returns the entry that stands,
    with `is_new` False. Raises what place_hold() raises, but for TooManyHoldsError.
    """
    use = _describe(user_id, amount, feature, note, idempotency_key)
    terms = {"created_at": utc_now(), "expires_in_seconds": HOLD_SECONDS}
    hold_id = session.execute(build_insert_captured(dialect_insert(session)), use | terms).scalar()
    if hold_id is None:
        standing = _find_standing(session, use) or _refuse(session, user_id, amount)
        if standing.captured_amount != amount:
            raise IdempotencyConflictError(str(idempotency_key))
        hold_id = standing.id
    return _post_capture(session, user_id, hold_id, amount, note or feature)


def find_hold_status(session: Session, hold_id: int) -> HoldStatus | None:
    """Return the status of the hold, `expired` as soon as its time is over; None if there is none."""
    status: HoldStatus | None = session.scalar(select(STATUS_NOW).where(HOLDS.c.id == hold_id))
    return status


def _describe(user_id: int, amount: int, feature: str, note: str | None, idempotency_key: str | None) -> dict[str, Any]:
    """Return what a hold is for, by column. Raises InvalidAmountError."""
    require_amount(amount)
    return {
        "user_id": user_id,
        "amount": amount,
        "feature": feature,
        "note": note,
        "idempotency_key": idempotency_key,
    }


def _find_standing(session: Session, use: Mapping[str, Any]) -> HoldView | None:
    """Return the hold that was placed under the key before. Raises IdempotencyConflictError if it is another one."""
    key = use["idempotency_key"]
    standing = find_hold_of_request(session, key) if key else None
    if standing and any(getattr(standing, name) != use[name] for name in ("user_id", "amount", "feature")):
        raise IdempotencyConflictError(key)
    return standing


def _refuse(session: Session, user_id: int, amount: int) -> NoReturn:
    raise InsufficientCreditsError(user_id, amount, get_balance(session, user_id).available)


def _post_capture(
    session: Session, user_id: int, hold_id: int, amount: int, note: str, released: int = 0
) -> PostedEntry:
    return post_entry(
        session,
        user_id=user_id,
        amount=-amount,
        released=released,
        entry_type="capture",
        idempotency_key=f"capture:{hold_id}",
        note=note,
    )


def _end_hold(session: Session, hold_id: int) -> HoldStatus | None:
    """End the hold without an entry and free its credits; None when another worker got there first."""
    row = session.execute(END, {"hold_id": hold_id, "now": utc_now()}).one_or_none()
    if row is None:
        return None
    _free(session, row.user_id, row.amount)
    status: HoldStatus = row.status
    return status


def _free(session: Session, user_id: int, amount: int) -> None:
    """Make held credits available again."""
    session.execute(
        update(accounts).where(accounts.c.id == user_id).values(credits_held=accounts.c.credits_held - amount)
    )


def _why_not_captured(
    session: Session, hold_id: int, amount: int | None, owner_id: int | None
) -> HoldNotOpenError | CaptureTooLargeError:
    """Waits for whoever is ending the hold at this moment: nobody else is to be told of another end."""
    found = select(STATUS_NOW, HOLDS.c.user_id, HOLDS.c.amount).where(HOLDS.c.id == hold_id)
    row = session.execute(found.with_for_update()).one_or_none()
    if row is None or owner_id not in (None, row.user_id):
        return HoldNotOpenError(hold_id, None)
    if row.status == "open" and amount is not None:
        return CaptureTooLargeError(hold_id, amount, row.amount)
    return HoldNotOpenError(hold_id, row.status)

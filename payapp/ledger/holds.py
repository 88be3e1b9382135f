"""Holds: credits set aside for work under way, then captured, released or expired, exactly once.

A hold ends by one conditional UPDATE: whoever changes its status from `open` wins, everybody else
finds no row. `spend()` is place and capture in one step: its hold is captured from the start.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.database.base import dialect_insert
from payapp.database.clock import utc_now
from payapp.ledger import hold_statements as statements
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import (
    CaptureTooLargeError,
    HoldBelongsToAnotherError,
    HoldNotOpenError,
    IdempotencyConflictError,
    InsufficientCreditsError,
    TooManyHoldsError,
)
from payapp.ledger.hold_views import HOLDS, STATUS_NOW, HoldView, find_hold_of_request
from payapp.ledger.makers import ANY_PROGRAM, APP
from payapp.ledger.models import HoldStatus
from payapp.ledger.posting import PostedEntry, capture_key, post_entry, require_amount

Result = TypeVar("Result")

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
    maker: str = APP,
    idempotency_key: str | None = None,
) -> HoldView:
    """Set `amount` credits aside for `feature`; they are no longer available, but still posted.

    Only its `maker` can end the hold. With an idempotency key, once for each of this maker's: the same key again, for
    the same account, amount and feature, changes nothing and returns the hold that stands, however it has ended.
    Raises InvalidAmountError, UnknownAccountError, InsufficientCreditsError when fewer are available (also when the
    account is in debt), TooManyHoldsError, and IdempotencyConflictError when the key belongs to anything else; nothing
    is changed then, but that overdue holds may have ended.
    """
    use = _describe(user_id, amount, feature, note, maker, idempotency_key)
    terms = {"expires_in_seconds": expires_in_seconds, "open_holds_max": OPEN_HOLDS_MAX}
    return try_twice(session, user_id, lambda: _place(session, use, terms))


def capture_hold(
    session: Session, hold_id: int, amount: int | None = None, *, maker: str = APP, owner_id: int | None = None
) -> PostedEntry:
    """Turn the hold into an entry of `amount` credits (all of it when None); the rest is available again at once.

    With `owner_id` the hold of another account is as good as none. Raises HoldNotOpenError when there is none, it has
    ended or is past its `expires_at`, HoldBelongsToAnotherError when `maker` has not made it, CaptureTooLargeError when
    `amount` is more than was held, InvalidAmountError. The hold is unchanged then. Debt does not stop a capture: the
    credits were set aside while they were there.
    """
    if amount is not None:
        require_amount(amount)
    values = {"hold_id": hold_id, "by": maker, "owner_id": owner_id, "wanted": amount, "now": utc_now()}
    row = session.execute(statements.CAPTURE, values).one_or_none()
    if row is None:
        raise _why_not_ended(session, hold_id, maker, amount, owner_id)
    return _post_capture(session, row.user_id, hold_id, row.captured_amount, row.note or row.feature, row.amount)


def release_hold(session: Session, hold_id: int, *, maker: str = APP) -> HoldStatus:
    """End the hold with no entry; its credits are available again.

    Returns `released`; or `expired` past its `expires_at`, where the clock's job had not come yet: who comes too late
    is told so. Raises HoldNotOpenError when it has ended before, HoldBelongsToAnotherError when it is not the maker's.
    """
    row = session.execute(statements.RELEASE, {"hold_id": hold_id, "by": maker, "now": utc_now()}).one_or_none()
    if row is None:
        raise _why_not_ended(session, hold_id, maker)
    session.execute(statements.FREE, {"user_id": row.user_id, "amount": row.amount})
    status: HoldStatus = row.status
    return status


def expire_holds(session: Session, limit: int = EXPIRE_BATCH) -> int:
    """End up to `limit` open holds that are past their `expires_at`, oldest first; return how many.

    They bind nothing since then: this tidies. A hold that somebody else is ending at this moment is left to them.
    """
    return _expire(session, session.execute(statements.FIND_OVERDUE, {"batch": limit}).all())


def spend(
    session: Session,
    user_id: int,
    amount: int,
    *,
    feature: str,
    note: str | None = None,
    maker: str = APP,
    idempotency_key: str | None = None,
) -> PostedEntry:
    """Use `amount` credits at once: a hold that is captured from the start, which no limit of open holds concerns.

    With an idempotency key, once for each of this maker's: the same key again changes nothing and returns the entry
    that stands, with `is_new` False. Raises what place_hold() raises, but for TooManyHoldsError.
    """
    use = _describe(user_id, amount, feature, note, maker, idempotency_key)
    hold_id = try_twice(session, user_id, lambda: _spend(session, use))
    return _post_capture(session, user_id, hold_id, amount, note or feature)


def find_hold_status(session: Session, hold_id: int) -> HoldStatus | None:
    """Return the status of the hold, `expired` as soon as its time is over; None if there is none."""
    status: HoldStatus | None = session.scalar(select(STATUS_NOW).where(HOLDS.c.id == hold_id))
    return status


def _describe(
    user_id: int, amount: int, feature: str, note: str | None, maker: str, idempotency_key: str | None
) -> dict[str, Any]:
    """Return what a hold is for, by column. Raises InvalidAmountError."""
    require_amount(amount)
    return {
        "user_id": user_id,
        "amount": amount,
        "feature": feature,
        "note": note,
        "maker": maker,
        "idempotency_key": idempotency_key,
        "created_at": utc_now(),
    }


def try_twice(session: Session, user_id: int, attempt: Callable[[], Result]) -> Result:
    """Return what the attempt returns. Where only overdue holds stand in its way, they end first, and it is made again.

    So in the ordinary case nobody looks for them.
    """
    try:
        return attempt()
    except InsufficientCreditsError as error:
        if error.available < error.required:
            raise
    except TooManyHoldsError:
        pass
    _expire(session, session.execute(statements.FIND_OVERDUE_OF_USER, {"user_id": user_id}).all())
    return attempt()


def _place(session: Session, use: Mapping[str, Any], terms: Mapping[str, Any]) -> HoldView:
    """Setting the credits aside locks the account's row. So whoever counts its open holds afterwards counts those that
    everybody before has placed.
    """
    set_aside = {"user_id": use["user_id"], "amount": use["amount"]}
    if session.execute(statements.SET_ASIDE, set_aside).scalar() is None:
        return _find_standing(session, use) or _refuse(session, **set_aside)
    row = session.execute(statements.build_insert_open(dialect_insert(session)), {**use, **terms}).one_or_none()
    if row is not None:
        return HoldView(*row)
    session.execute(statements.FREE, set_aside)
    standing = _find_standing(session, use)
    if standing is None:
        raise TooManyHoldsError(use["user_id"], OPEN_HOLDS_MAX)
    return standing


def _spend(session: Session, use: Mapping[str, Any]) -> int:
    """Return the id of the spend's hold, new or standing."""
    insert = statements.build_insert_captured(dialect_insert(session))
    hold_id: int | None = session.execute(insert, {**use, "expires_in_seconds": HOLD_SECONDS}).scalar()
    if hold_id is not None:
        return hold_id
    standing = _find_standing(session, use) or _refuse(session, use["user_id"], use["amount"])
    if standing.captured_amount != use["amount"]:
        raise IdempotencyConflictError(use["idempotency_key"])
    return standing.id


def _find_standing(session: Session, use: Mapping[str, Any]) -> HoldView | None:
    """Return the hold that was placed under the key before. Raises IdempotencyConflictError if it is another one."""
    key = use["idempotency_key"]
    standing = find_hold_of_request(session, key, use["maker"]) if key else None
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
        idempotency_key=capture_key(hold_id),
        note=note,
    )


def _expire(session: Session, overdue: Sequence[Any]) -> int:
    """End those of the holds that are open still, free their credits; return how many.

    Locks their accounts first, by rising id, and then such holds only as nobody has locked. So two of this kind never
    wait for each other, and who has locked a hold and waits for its account is not waited for. What was overdue when it
    was read is so for ever.
    """
    if not overdue:
        return 0
    session.execute(statements.LOCK_ACCOUNTS, {"user_ids": sorted({row.user_id for row in overdue})}).all()
    values = {"hold_ids": [row.id for row in overdue], "now": utc_now()}
    ended = session.execute(statements.EXPIRE, values).mappings().all()
    if ended:
        session.execute(statements.FREE, [dict(row) for row in ended])
    return len(ended)


def _why_not_ended(
    session: Session, hold_id: int, maker: str, amount: int | None = None, owner_id: int | None = None
) -> HoldNotOpenError | HoldBelongsToAnotherError | CaptureTooLargeError:
    """Waits for whoever is ending the hold at this moment: nobody else is to be told of another end."""
    columns = (STATUS_NOW, HOLDS.c.user_id, HOLDS.c.amount, HOLDS.c.captured_amount, HOLDS.c.maker)
    row = session.execute(select(*columns).where(HOLDS.c.id == hold_id).with_for_update()).one_or_none()
    if row is None or owner_id not in (None, row.user_id):
        return HoldNotOpenError(hold_id, None)
    if row.maker not in (maker, ANY_PROGRAM):
        return HoldBelongsToAnotherError(hold_id, row.maker)
    if row.status == "open" and amount is not None:
        return CaptureTooLargeError(hold_id, amount, row.amount)
    return HoldNotOpenError(hold_id, row.status, row.captured_amount)

"""Adjustments: credits that staff give or take by hand, with a reason. Their cause is a decision."""

from typing import NoReturn

from sqlalchemy.orm import Session

from payapp.ledger import hold_statements as statements
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import InsufficientCreditsError
from payapp.ledger.holds import try_twice
from payapp.ledger.posting import PostedEntry, find_entry, post_entry, require_amount


def adjust(session: Session, user_id: int, amount: int, *, idempotency_key: str, note: str) -> PostedEntry:
    """Change the account by the signed `amount`, once for each idempotency key: `adjustment:…`.

    The customer reads the note. The same key again, for the same account and amount, changes nothing and returns the
    entry that stands, with `is_new` False. What is taken must be available, as for a spend: staff make no debt. Raises
    InvalidAmountError (also for 0), UnknownAccountError, InsufficientCreditsError, IdempotencyConflictError.
    """
    require_amount(abs(amount) if type(amount) is int else amount)
    if amount < 0 and find_entry(session, user_id, amount, "adjustment", idempotency_key) is None:
        get_balance(session, user_id)  # raises UnknownAccountError: of nobody's account nothing is available either
        return _take(session, user_id, -amount, idempotency_key, note)
    return _post(session, user_id, amount, idempotency_key, note)


def _take(session: Session, user_id: int, amount: int, key: str, note: str) -> PostedEntry:
    """Set the credits aside, as a hold does, and turn that into the entry: a conditional UPDATE decides."""
    set_aside = {"user_id": user_id, "amount": amount}

    def attempt() -> PostedEntry:
        if session.execute(statements.SET_ASIDE, set_aside).scalar() is None:
            return find_entry(session, user_id, -amount, "adjustment", key) or _refuse(session, user_id, amount)
        entry = _post(session, user_id, -amount, key, note, released=amount)
        if not entry.is_new:  # somebody with the same key was quicker; the account is as before the entry, so free it
            session.execute(statements.FREE, set_aside)
        return entry

    return try_twice(session, user_id, attempt)


def _post(session: Session, user_id: int, amount: int, key: str, note: str, released: int = 0) -> PostedEntry:
    return post_entry(
        session,
        user_id=user_id,
        amount=amount,
        released=released,
        entry_type="adjustment",
        idempotency_key=key,
        note=note,
    )


def _refuse(session: Session, user_id: int, amount: int) -> NoReturn:
    raise InsufficientCreditsError(user_id, amount, get_balance(session, user_id).available)

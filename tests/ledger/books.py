"""Accounts and books that the ledger's tests begin with."""

from sqlalchemy.orm import Session

from payapp.ledger.balances import get_balance
from tests.factories import make_user


def open_account(session: Session, credits: int = 0) -> int:
    """Make a user with `credits` and return the id; no transaction is open afterwards, so the next read is fresh."""
    user_id = make_user(session, credits=credits).id
    session.commit()
    return user_id


def numbers_of(session: Session, user_id: int) -> tuple[int, int]:
    """Return what is posted and what is held, as they are now."""
    session.rollback()
    balance = get_balance(session, user_id)
    return balance.posted, balance.held

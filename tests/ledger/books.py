"""Accounts and books that the ledger's tests begin with."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.ledger.balances import get_balance
from payapp.ledger.models import LedgerEntry
from payapp.ledger.posting import PostedEntry, StandingGrant, claw_back, find_grant
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


def grant_of(session: Session, user_id: int) -> StandingGrant:
    """Return the account's newest grant, as it stands."""
    keys = select(LedgerEntry.idempotency_key).where(LedgerEntry.user_id == user_id, LedgerEntry.entry_type == "grant")
    standing = find_grant(session, session.scalars(keys.order_by(LedgerEntry.id.desc())).first() or "")
    assert standing is not None
    return standing


def take_back(session: Session, user_id: int, amount: int) -> PostedEntry:
    """Claw back `amount` of the account's newest grant, as a refund does."""
    return claw_back(session, grant_of(session, user_id), amount, idempotency_key="refund:re_1")

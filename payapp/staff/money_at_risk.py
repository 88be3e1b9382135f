"""Money that may be lost: payments contested at a bank, and accounts in debt. Reading only, each list by its index."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.auth.accounts import USERS
from payapp.billing.models import IS_CONTESTED, Purchase
from payapp.billing.returns.facts import DISPUTES
from payapp.database.base import table_of
from payapp.ledger.models import IS_DEBT, LedgerEntry

PURCHASES, ENTRIES = table_of(Purchase), table_of(LedgerEntry)


@dataclass(frozen=True)
class ContestedPayment:
    """A dispute that is not decided: `amount` in minor units. Of a purchase of ours, if we know one."""

    id: int
    stripe_dispute_id: str
    status: str
    reason: str
    amount: int
    currency: str
    created_at: datetime
    purchase_id: int | None
    user_id: int | None


@dataclass(frozen=True)
class Debtor:
    """A user whose balance is below zero; `credits` is negative."""

    id: int
    email: str
    credits: int


def list_contested(session: Session, limit: int) -> list[ContestedPayment]:
    """Return the open disputes, at most `limit`, newest first."""
    names = [name for name in ContestedPayment.__dataclass_fields__ if name not in ("purchase_id", "user_id")]
    contested = select(*(DISPUTES.c[name] for name in names), DISPUTES.c.stripe_payment_intent_id)
    found = contested.where(IS_CONTESTED).order_by(DISPUTES.c.id.desc()).limit(limit).subquery()
    paid = PURCHASES.c.stripe_payment_intent_id == found.c.stripe_payment_intent_id
    columns = [*(found.c[name] for name in names), PURCHASES.c.id, PURCHASES.c.user_id]
    rows = session.execute(select(*columns).join_from(found, PURCHASES, paid, isouter=True).order_by(found.c.id.desc()))
    return [ContestedPayment(*row) for row in rows]


def list_debtors(session: Session, limit: int) -> list[Debtor]:
    """Return users in debt, at most `limit`, those who came first before the others.

    Looked for among those who were ever in debt: an index of users by what they have would be written at every spend.
    """
    ever = select(ENTRIES.c.user_id).where(IS_DEBT)
    in_debt = select(USERS.c.id, USERS.c.email, USERS.c.credits).where(USERS.c.id.in_(ever), USERS.c.credits < 0)
    return [Debtor(*row) for row in session.execute(in_debt.order_by(USERS.c.id).limit(limit))]

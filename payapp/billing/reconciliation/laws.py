"""What our own tables tell without Stripe: the ledger's laws, and purchases that lead nowhere."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import expire_purchase
from payapp.billing.models import Purchase
from payapp.billing.reconciliation.discrepancy import Discrepancy, about_purchase
from payapp.billing.reconciliation.reading import read_rows
from payapp.database.base import table_of
from payapp.database.clock import utc_now
from payapp.ledger.verification import Violation, verify

PURCHASES = table_of(Purchase)
# A Checkout page lives for a day at most, and may be paid at its last moment.
ABANDONED_AFTER = timedelta(days=1)


def find_broken_laws(session: Session) -> Iterator[Discrepancy]:
    """Yield every violation of the ledger's laws. Staff must decide: the book is never written by guesswork."""
    violations = verify(session)
    session.rollback()
    yield from map(_describe_violation, violations)


def find_purchases_without_session(session: Session, named: set[int]) -> Iterator[Discrepancy]:
    """Yield the purchases that have no Checkout session, and should; those that are `named` already left out.

    A pending one is left behind when Stripe could not be reached: nobody was ever given a page to pay on, or else its
    session names it and was found before.
    """
    has_none = PURCHASES.c.stripe_checkout_session_id.is_(None)
    is_abandoned = (PURCHASES.c.status == "pending") & (PURCHASES.c.checkout_expires_at < utc_now() - ABANDONED_AFTER)
    statement = select(PURCHASES).where(has_none, is_abandoned | (PURCHASES.c.status == "fulfilled"))
    for page in read_rows(session, statement, PURCHASES.c.id):
        yield from (_describe_without_session(row) for row in page if row.id not in named)


def _describe_without_session(purchase: Any) -> Discrepancy:
    about = f"purchase {purchase.id}"
    if purchase.status == "fulfilled":
        sentence = "granted, and nobody knows by which Checkout session"
        return about_purchase("unknown_at_stripe", about, sentence, purchase, credits=-purchase.credits)
    expire = partial(expire_purchase, purchase_id=purchase.id)
    return about_purchase("stuck_pending", about, "it never had a Checkout session", purchase, remedy=expire)


def _describe_violation(violation: Violation) -> Discrepancy:
    about = "the database" if violation.user_id is None else f"account {violation.user_id}"
    sentence = f"{violation.law}: expected {violation.expected}, found {violation.found}"
    return Discrepancy("ledger", about, sentence, user_id=violation.user_id)

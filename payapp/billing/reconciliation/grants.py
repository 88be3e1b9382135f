"""Every fulfilled purchase against its grant, and every grant against its purchase."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import String, and_, cast, func, literal, select
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import grant_purchase
from payapp.billing.models import Purchase, grant_key
from payapp.billing.reconciliation.discrepancy import Discrepancy, about_purchase
from payapp.billing.reconciliation.reading import read_rows
from payapp.billing.reconciliation.sessions import compare_with_purchase
from payapp.billing.reconciliation.stripes_side import checkout_sessions, fetch_or_none
from payapp.billing.returns.clawbacks import Cause, lock_payment, settle_returns
from payapp.database.base import table_of
from payapp.ledger.models import LedgerEntry
from payapp.ledger.posting import find_grant
from payapp.stripe_service import StripeService

PURCHASES, ENTRIES = table_of(Purchase), table_of(LedgerEntry)
KEY_OF_GRANT = literal("purchase:") + cast(PURCHASES.c.id, String)
IS_FULFILLED = PURCHASES.c.status == "fulfilled"


def find_wrong_grants(session: Session, stripe: StripeService, unsure_users: set[int]) -> Iterator[Discrepancy]:
    """Yield the fulfilled purchases whose grant is missing, or is not what the purchase says.

    `unsure_users` have an entry that nobody knows the cause of: it may be the very grant that is missing.
    """
    is_right = and_(
        ENTRIES.c.entry_type == "grant",
        ENTRIES.c.amount == PURCHASES.c.credits,
        ENTRIES.c.user_id == PURCHASES.c.user_id,
    )
    entry = (ENTRIES.c.id.label("entry_id"), ENTRIES.c.amount.label("granted"), ENTRIES.c.user_id.label("granted_to"))
    statement = (
        select(*PURCHASES.c, *entry)
        .outerjoin(ENTRIES, ENTRIES.c.idempotency_key == KEY_OF_GRANT)
        .where(IS_FULFILLED, ENTRIES.c.id.is_(None) | ~is_right)
    )
    for page in read_rows(session, statement, PURCHASES.c.id):
        for row in page:
            if row.entry_id:
                yield _describe_wrong(row)
            else:
                yield _describe_missing(row, row.user_id not in unsure_users and is_paid(stripe, row))


def find_extra_grants(session: Session) -> Iterator[Discrepancy]:
    """Yield the grants that name a purchase which is not fulfilled, or is none.

    EXCEPT, because SQLite would look through all purchases for each grant.
    """
    is_grant = and_(ENTRIES.c.entry_type == "grant", ENTRIES.c.idempotency_key.startswith("purchase:"))
    without = select(ENTRIES.c.idempotency_key).where(is_grant).except_(select(KEY_OF_GRANT).where(IS_FULFILLED))
    rows = session.execute(select(ENTRIES).where(is_grant, ENTRIES.c.idempotency_key.in_(without))).all()
    session.rollback()
    for row in rows:
        sentence = f"granted for {row.idempotency_key}, which is not fulfilled"
        yield Discrepancy("extra_grant", f"entry {row.id}", sentence, user_id=row.user_id, credits=-row.amount)


def settle(session: Session, purchase: Any) -> int:
    """Bring what is taken back of the purchase in line with what is known; the caller holds the payment's lock.

    The cause is this repair; its number makes the key of each one another.
    """
    standing = find_grant(session, grant_key(purchase.id))
    if standing is None:
        return 0
    number = select(func.count()).where(ENTRIES.c.corrects_entry_id == standing.entry_id)
    key = f"repair:{purchase.id}:{session.scalars(number).one()}"
    return settle_returns(session, purchase, Cause(key, "Money returned", "Returned money came back"))


def is_paid(stripe: StripeService, purchase: Any) -> bool:
    """Whether the purchase's Checkout session exists, is paid, and agrees with the purchase in every point."""
    stripe_id = purchase.stripe_checkout_session_id
    found = fetch_or_none(checkout_sessions(stripe).fetch, stripe_id) if stripe_id else None
    return found is not None and found.payment_status == "paid" and not [*compare_with_purchase(found, purchase)]


def _describe_wrong(row: Any) -> Discrepancy:
    sentence = f"entry {row.entry_id} grants {row.granted} credits to user {row.granted_to}"
    missing = row.credits - (row.granted if row.granted_to == row.user_id else 0)
    return about_purchase("wrong_grant", f"purchase {row.id}", sentence, row, credits=missing)


def _describe_missing(purchase: Any, is_sure: bool) -> Discrepancy:
    """A status alone proves nothing, it may have been set by hand: only what Stripe says was paid is granted."""
    about, sentence = f"purchase {purchase.id}", "fulfilled, but its credits were never granted"
    if not is_sure:
        sentence += ", or not under its name, or it was never paid"
    remedy = partial(_grant, purchase) if is_sure else None
    return about_purchase("missing_grant", about, sentence, purchase, credits=purchase.credits, remedy=remedy)


def _grant(purchase: Any, session: Session) -> object:
    lock_payment(session, purchase.stripe_payment_intent_id)
    grant_purchase(session, purchase)
    return settle(session, purchase)

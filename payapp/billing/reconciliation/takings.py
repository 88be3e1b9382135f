"""What is taken back of every purchase against what its refunds, disputes and charges say."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import String, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from payapp.billing.clawbacks import lock_payment
from payapp.billing.models import Purchase
from payapp.billing.reconciliation.discrepancy import Discrepancy, Remedy
from payapp.billing.reconciliation.grants import is_paid, settle
from payapp.billing.reconciliation.reading import read_rows
from payapp.billing.reconciliation.stripes_side import Side, disputes, fetch_or_none, refunds
from payapp.billing.returned_money import credits_to_take_back, has_facts, returned_columns, sum_up
from payapp.db import table_of
from payapp.ledger.models import LedgerEntry
from payapp.stripe_service import StripeService

PURCHASES, GRANTS = table_of(Purchase), table_of(LedgerEntry).alias("grants")
CORRECTIONS = table_of(LedgerEntry).alias("corrections")
PAYMENT = PURCHASES.c.stripe_payment_intent_id

IS_CORRECTED = select(CORRECTIONS.c.id).where(CORRECTIONS.c.corrects_entry_id == GRANTS.c.id).exists()
TAKEN_BACK = select(func.coalesce(func.sum(-CORRECTIONS.c.amount), 0)).where(
    CORRECTIONS.c.corrects_entry_id == GRANTS.c.id
)
# One statement a page, so that each sees facts and entries of one moment.
RETURNED = (
    select(
        *PURCHASES.c,
        GRANTS.c.amount.label("granted"),
        TAKEN_BACK.scalar_subquery().label("taken_back"),
        *returned_columns(PAYMENT, PURCHASES.c.currency, PURCHASES.c.livemode),
    )
    .join(GRANTS, GRANTS.c.idempotency_key == literal("purchase:") + cast(PURCHASES.c.id, String))
    .where(GRANTS.c.entry_type == "grant", or_(has_facts(PAYMENT), IS_CORRECTED))
)


def find_wrong_clawbacks(session: Session, stripe: StripeService, unsure: set[int]) -> Iterator[Discrepancy]:
    """Yield the purchases of which not exactly so many credits are taken back as money went back.

    Put right only where Stripe still tells of each refund and dispute what we keep, and none is `unsure`: else it may
    be the facts that are wrong, not the book.
    """
    for page in read_rows(session, RETURNED, PURCHASES.c.id):
        for row in page:
            returned = sum_up(row)
            missing = credits_to_take_back(row.granted, row.amount_total, returned) - int(row.taken_back)
            if missing:
                is_sure = row.id not in unsure and _agrees_with_stripe(session, stripe, row)
                yield _describe(row, missing, partial(_settle, row) if is_sure else None)


def _describe(row: Any, missing: int, remedy: Remedy | None) -> Discrepancy:
    sentence = f"{row.taken_back} credits are taken back, {int(row.taken_back) + missing} should be"
    return Discrepancy(
        "wrong_clawback",
        f"purchase {row.id}",
        sentence if remedy else f"{sentence} by what we keep, which Stripe does not confirm",
        purchase_id=row.id,
        user_id=row.user_id,
        amount=row.amount_total * abs(missing) // row.granted,
        currency=row.currency,
        credits=-missing,
        remedy=remedy,
    )


def _agrees_with_stripe(session: Session, stripe: StripeService, row: Any) -> bool:
    """Whether Stripe tells of the purchase, and of every refund and dispute of its payment, what we keep of it.

    What only `charge.refunded` told can't be asked for.
    """
    if not is_paid(stripe, row) or int(row.of_charge) - int(row.off) > int(row.counted):
        return False
    return all(_is_confirmed(session, side, row) for side in (refunds(stripe), disputes(stripe)))


def _is_confirmed(session: Session, side: Side[Any], row: Any) -> bool:
    of_payment = side.table.c.stripe_payment_intent_id == row.stripe_payment_intent_id
    ids = session.scalars(select(side.table.c[side.id_name]).where(of_payment)).all()
    session.rollback()
    found = [fetch_or_none(side.fetch, one) for one in ids]
    wrong = side.compare(session, [one for one in found if one is not None])
    session.rollback()
    return None not in found and not wrong


def _settle(purchase: Any, session: Session) -> object:
    if purchase.stripe_payment_intent_id is not None:
        lock_payment(session, purchase.stripe_payment_intent_id)
    return settle(session, purchase)

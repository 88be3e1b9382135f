"""What is taken back of every purchase against what its refunds, disputes and charges say."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import Table, func, or_, select
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from payapp.billing.reconciliation.discrepancy import Discrepancy, Remedy
from payapp.billing.reconciliation.grants import KEY_OF_GRANT, is_paid, settle
from payapp.billing.reconciliation.reading import read_rows
from payapp.billing.reconciliation.stripes_side import Side, disputes, fetch_or_none, refunds
from payapp.billing.returns.clawbacks import lock_payment
from payapp.billing.returns.facts import CHARGES, name_in_key
from payapp.billing.returns.returned_money import credits_to_take_back, has_facts, returned_columns, sum_up
from payapp.database.base import table_of
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
        GRANTS.c.id.label("entry_id"),
        GRANTS.c.amount.label("granted"),
        TAKEN_BACK.scalar_subquery().label("taken_back"),
        *returned_columns(PAYMENT, PURCHASES.c.currency, PURCHASES.c.livemode),
    )
    .join(GRANTS, GRANTS.c.idempotency_key == KEY_OF_GRANT)
    .where(GRANTS.c.entry_type == "grant", or_(has_facts(PAYMENT), IS_CORRECTED))
)


def find_wrong_clawbacks(session: Session, stripe: StripeService) -> Iterator[Discrepancy]:
    """Yield the purchases of which not exactly so many credits are taken back as money went back.

    Put right only where Stripe still tells of the purchase, and of every refund and dispute that has moved its
    credits, what we keep: else it may be the facts that are wrong, not the book.
    """
    for page in read_rows(session, RETURNED, PURCHASES.c.id):
        for row in page:
            missing = credits_to_take_back(row.granted, row.amount_total, sum_up(row)) - int(row.taken_back)
            if missing:
                is_sure = is_paid(stripe, row) and _are_facts_sure(session, stripe, row)
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


def _are_facts_sure(session: Session, stripe: StripeService, row: Any) -> bool:
    """Whether Stripe tells of every fact of the purchase what we keep of it, also of those that only entries name.

    What only `charge.refunded` told can't be asked for: no more may hang on it than on the refunds, and it must be
    there still.
    """
    known = _list_facts(session, CHARGES, "stripe_charge_id", row)
    lost = _list_named(session, "charge", row) - set(map(name_in_key, known))
    session.rollback()
    if lost or int(row.of_charge) - int(row.off) > int(row.counted):
        return False
    sides = {"refund": refunds(stripe), "dispute": disputes(stripe)}
    return all(_is_confirmed(session, kind, side, row) for kind, side in sides.items())


def _is_confirmed(session: Session, kind: str, side: Side[Any], row: Any) -> bool:
    ids = _list_facts(session, side.table, side.id_name, row)
    lost = _list_named(session, kind, row) - set(map(name_in_key, ids))
    session.rollback()
    told = [fetch_or_none(side.fetch, one) for one in sorted(ids | lost)]
    wrong = side.compare(session, [one for one in told if one is not None])
    session.rollback()
    return None not in told and not wrong


def _list_facts(session: Session, table: Table, id_name: str, row: Any) -> set[str]:
    """Return the ids of what we keep about the purchase's payment."""
    of_payment = table.c.stripe_payment_intent_id == row.stripe_payment_intent_id
    return set(session.scalars(select(table.c[id_name]).where(of_payment)))


def _list_named(session: Session, kind: str, row: Any) -> set[str]:
    """Return what the corrections of the purchase's grant were caused by, as their keys name it."""
    key = CORRECTIONS.c.idempotency_key
    keys = select(key).where(CORRECTIONS.c.corrects_entry_id == row.entry_id, key.startswith(f"{kind}:"))
    return {one.split(":")[1] for one in session.scalars(keys)}


def _settle(purchase: Any, session: Session) -> object:
    lock_payment(session, purchase.stripe_payment_intent_id)
    return settle(session, purchase)

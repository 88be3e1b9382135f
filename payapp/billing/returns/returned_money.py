"""How much of a payment went back, by all that was told about it, and how many credits go back with it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import Session

from payapp.billing.returns.facts import CHARGES, DISPUTES, REFUNDS

# The money never left, or came back: https://docs.stripe.com/refunds#failed-refunds
REFUND_IS_OFF = ("failed", "canceled")
# An inquiry (`warning_…`) and a prevented dispute take no money: https://docs.stripe.com/disputes/how-disputes-work
DISPUTE_TAKES_MONEY = ("needs_response", "under_review", "lost")
# One that was won has given all of it back, unless the money has moved more often than away and back.
MOVEMENTS_WHEN_WON = 2


@dataclass(frozen=True)
class ReturnedMoney:
    """What went back of one payment, in minor units of the purchase's currency."""

    refunded: int
    disputed: int


def credits_to_take_back(credits: int, paid: int, returned: ReturnedMoney) -> int:
    """Return how many of a purchase's `credits` went back with the money, at most all; `paid` in minor units."""
    refunded, disputed = min(returned.refunded, paid), min(returned.disputed, paid)
    return min(credits, credits * refunded // paid + credits * disputed // paid)


def find_returned_money(session: Session, purchase: Any) -> ReturnedMoney:
    """Return what went back of the purchase's payment.

    `charge.refunded` names no refund: what it told counts as far as it goes beyond the refunds that are known, those
    that failed since included. Facts in another currency or mode than the purchase's don't count: staff must look.
    """
    values = {
        "payment_intent_id": purchase.stripe_payment_intent_id,
        "currency": purchase.currency,
        "livemode": purchase.livemode,
    }
    return sum_up(session.execute(FIND_RETURNED, values).one())


def sum_up(told: Any) -> ReturnedMoney:
    """Return what the sums of returned_columns() say."""
    refunded = max(int(told.counted), int(told.of_charge) - int(told.off))
    return ReturnedMoney(refunded, int(told.disputed))


def returned_columns(payment_intent_id: Any, currency: Any, livemode: Any) -> list[ColumnElement[int]]:
    """Return the sums of what was told about a payment, for a statement of one payment or of many."""

    def add_up(table: Table, amount: ColumnElement[int], *conditions: ColumnElement[bool]) -> Any:
        is_meant = (table.c.currency == currency, table.c.livemode == livemode, *conditions)
        sums = select(func.coalesce(func.sum(amount), 0))
        return sums.where(table.c.stripe_payment_intent_id == payment_intent_id, *is_meant).scalar_subquery()

    is_off = REFUNDS.c.status.in_(REFUND_IS_OFF)
    left = DISPUTES.c.amount - DISPUTES.c.reinstated_amount
    went_again = and_(DISPUTES.c.status == "won", DISPUTES.c.movements > MOVEMENTS_WHEN_WON)
    # One charge of a payment takes the money; all others of it failed and can't be refunded.
    return [
        add_up(REFUNDS, case((is_off, 0), else_=REFUNDS.c.amount)).label("counted"),
        add_up(REFUNDS, case((is_off, REFUNDS.c.amount), else_=0)).label("off"),
        add_up(CHARGES, CHARGES.c.amount_refunded).label("of_charge"),
        add_up(DISPUTES, left, or_(DISPUTES.c.status.in_(DISPUTE_TAKES_MONEY), went_again)).label("disputed"),
    ]


def has_facts(payment_intent_id: Any) -> ColumnElement[bool]:
    """Return whether anything was told about the payment: one index look-up a table."""
    tables = (REFUNDS, DISPUTES, CHARGES)
    return or_(*(exists().where(table.c.stripe_payment_intent_id == payment_intent_id) for table in tables))


# Built once, as in ledger/posting.py; HAS_FACTS is for fulfillment's hot path.
FIND_RETURNED = select(*returned_columns(bindparam("payment_intent_id"), bindparam("currency"), bindparam("livemode")))
HAS_FACTS = has_facts(bindparam("payment_intent_id"))

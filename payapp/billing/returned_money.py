"""How much of a payment went back, by all that was told about it, and how many credits go back with it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import Session

from payapp.billing.facts import CHARGES, DISPUTES, REFUNDS

# The money never left, or came back: https://docs.stripe.com/refunds#failed-refunds
REFUND_IS_OFF = ("failed", "canceled")
# An inquiry (`warning_…`) and a prevented dispute take no money: https://docs.stripe.com/disputes/how-disputes-work
DISPUTE_TAKES_MONEY = ("needs_response", "under_review", "lost")


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
    told = session.execute(FIND_RETURNED, values).one()
    refunded = max(int(told.counted), int(told.of_charge) - int(told.off))
    return ReturnedMoney(refunded, int(told.disputed))


def _is_about(table: Table) -> ColumnElement[bool]:
    return table.c.stripe_payment_intent_id == bindparam("payment_intent_id")


def _sum(table: Table, amount: ColumnElement[int], *conditions: ColumnElement[bool]) -> Any:
    agrees = (table.c.currency == bindparam("currency"), table.c.livemode == bindparam("livemode"))
    return select(func.coalesce(func.sum(amount), 0)).where(_is_about(table), *agrees, *conditions).scalar_subquery()


IS_OFF = REFUNDS.c.status.in_(REFUND_IS_OFF)
# One charge of a payment takes the money; all others of it failed and can't be refunded.
FIND_RETURNED = select(
    _sum(REFUNDS, case((IS_OFF, 0), else_=REFUNDS.c.amount)).label("counted"),
    _sum(REFUNDS, case((IS_OFF, REFUNDS.c.amount), else_=0)).label("off"),
    _sum(CHARGES, CHARGES.c.amount_refunded).label("of_charge"),
    _sum(DISPUTES, DISPUTES.c.amount - DISPUTES.c.reinstated_amount, DISPUTES.c.status.in_(DISPUTE_TAKES_MONEY)).label(
        "disputed"
    ),
)
# Whether anything was told about the payment: one index look-up each, for fulfillment's hot path.
HAS_FACTS = or_(*(exists().where(_is_about(table)) for table in (REFUNDS, DISPUTES, CHARGES)))

"""What a refund or a dispute does: credits go back with the money, and come again with it.

Stripe's stories about one payment come in any order, more than once, and before the purchase is granted. So each is
first kept as a fact that never goes back (facts.py), and then the book is brought in line with all the facts there
are: the end is the same whichever came first. Nothing here commits.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase, grant_key
from payapp.billing.returns.facts import Fact, charge_fact, dispute_fact, keep_fact, name_in_key, refund_fact
from payapp.billing.returns.returned_money import REFUND_IS_OFF, credits_to_take_back, find_returned_money
from payapp.database.base import table_of
from payapp.database.sql_functions import transaction_lock
from payapp.ledger.posting import claw_back, find_grant, reinstate
from payapp.stripe_types.returns import Charge, Dispute, Refund

PURCHASES = table_of(Purchase)
FIND_PURCHASE = select(PURCHASES).where(PURCHASES.c.stripe_payment_intent_id == bindparam("payment_intent_id"))
LOCK_PAYMENT = select(transaction_lock(bindparam("payment_intent_id")))


@dataclass(frozen=True)
class Cause:
    """Why credits move: the entry's idempotency key, and its words when they are taken and when they come back."""

    key: str
    taken: str
    given: str


def record_refund(session: Session, refund: Refund, *, livemode: bool) -> bool:
    """Keep what is told about a refund, and take its credits back; give them back when it failed or was canceled.

    One that is pending counts: its money is on the way. Repeats, and stories older than what is known, change nothing.
    Returns whether a purchase of ours was paid with its payment; what comes before the purchase is kept for it.
    Raises QuarantineError when it does not agree with the purchase, or with what was told before.
    Source: https://docs.stripe.com/refunds
    """
    is_off = refund.status in REFUND_IS_OFF
    key = f"refund:{name_in_key(refund.id)}{f':{refund.status}' if is_off else ''}"
    return _record(session, refund_fact(refund, livemode), Cause(key, "Refund", f"Refund {refund.status}"))


def record_charge(session: Session, charge: Charge) -> bool:
    """Keep how much of a charge is refunded, as `charge.refunded` tells it; otherwise like record_refund()."""
    key = f"charge:{name_in_key(charge.id)}:{charge.amount_refunded}"
    return _record(session, charge_fact(charge), Cause(key, "Refund", "Refund failed"))


def record_dispute(session: Session, dispute: Dispute) -> bool:
    """Keep what is told about a dispute; take its credits back when it takes money, give them back with the money.

    An inquiry and a prevented dispute move nothing. One that is won gives all back, any other as much as Stripe
    reinstated; when the money goes again, it takes again: the last movement counts. Otherwise like record_refund(),
    and QuarantineError also for one that is lost and was won while no money has moved in between.
    Source: https://docs.stripe.com/disputes/how-disputes-work
    """
    name, away = name_in_key(dispute.id), dispute.amount - dispute.reinstated
    key = f"dispute:{name}:{dispute.status}:{away}:{dispute.movements}"
    return _record(session, dispute_fact(dispute), Cause(key, "Payment disputed", "Disputed payment returned"))


def settle_returns(session: Session, purchase: Any, cause: Cause) -> int:
    """Bring what is taken back of a purchase in line with all that is known; return the credits moved, signed.

    The caller holds the payment's lock. A purchase that is not granted yet is left alone: its grant comes here again.
    """
    standing = find_grant(session, grant_key(purchase.id))
    if standing is None:
        return 0
    returned = find_returned_money(session, purchase)
    missing = credits_to_take_back(standing.amount, purchase.amount_total, returned) - standing.taken_back
    if missing > 0:
        claw_back(session, standing, missing, idempotency_key=cause.key, note=cause.taken)
    if missing < 0:
        reinstate(session, standing, -missing, idempotency_key=cause.key, note=cause.given)
    return -missing


def lock_payment(session: Session, payment_intent_id: str | None) -> None:
    """Wait for everybody else who moves credits because of this payment; held until the commit. None locks nothing.

    A row can't do it: a refund may be told before there is any row that knows of the payment.
    """
    session.execute(LOCK_PAYMENT, {"payment_intent_id": payment_intent_id})


def _record(session: Session, fact: Fact, cause: Cause) -> bool:
    if fact.payment_intent_id is None:
        return False
    lock_payment(session, fact.payment_intent_id)
    purchase = session.execute(FIND_PURCHASE, {"payment_intent_id": fact.payment_intent_id}).one_or_none()
    if purchase is not None:
        _require_agreement(purchase, fact)
    is_news = keep_fact(session, fact)
    if purchase is not None and is_news:
        settle_returns(session, purchase, cause)
    return purchase is not None


def _require_agreement(purchase: Any, fact: Fact) -> None:
    wrong = [name for name in ("currency", "livemode") if fact.terms[name] != getattr(purchase, name)]
    if fact.amount is not None and fact.amount > purchase.amount_total:
        wrong.append("amount")
    if wrong:
        raise QuarantineError(f"{fact.stripe_id} does not agree with purchase {purchase.id} in {', '.join(wrong)}")

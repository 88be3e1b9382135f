"""What Stripe told about money that goes back: one row a refund, a dispute and a charge, and it only moves forward.

Of two stories about one object the one that is further on stands, whichever came first: by how often a dispute's money
has moved, then by the status in the order in which Stripe moves through them, then by amounts as they grow. Nothing
here commits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, get_args

from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import Session

from payapp.billing.errors import QuarantineError
from payapp.billing.models import Charge as ChargeRow
from payapp.billing.models import Dispute as DisputeRow
from payapp.billing.models import DisputeStatus, RefundStatus
from payapp.billing.models import Refund as RefundRow
from payapp.database.base import table_of
from payapp.database.clock import utc_now
from payapp.stripe_types.returns import Charge, Dispute, Refund

REFUNDS, DISPUTES, CHARGES = table_of(RefundRow), table_of(DisputeRow), table_of(ChargeRow)
STATUSES: dict[Table, tuple[str, ...]] = {REFUNDS: get_args(RefundStatus), DISPUTES: get_args(DisputeStatus)}

# An entry's key has room for 255 characters: an id of Stripe's may be as long, and the key says more than the id.
NAMED_LENGTH_MAX, NAMED_BEGINNING = 200, 159


def name_in_key(stripe_id: str) -> str:
    """Return how an entry's idempotency key names one of Stripe's objects: its id, a very long one cut and hashed."""
    if len(stripe_id) <= NAMED_LENGTH_MAX:
        return stripe_id
    return f"{stripe_id[:NAMED_BEGINNING]}~{sha256(stripe_id.encode()).hexdigest()[:40]}"


@dataclass(frozen=True)
class Fact:
    """One story: `terms` never change between two stories about the object, `state` moves forward, `rest` is kept once.

    Of two states the one that is further on stands as a whole; what decides first comes first in it.
    `amount` is what may not be more than was paid, in minor units; None where Stripe itself allows more.
    """

    table: Table
    id_name: str
    stripe_id: str
    payment_intent_id: str | None
    terms: dict[str, Any]
    state: dict[str, Any]
    rest: dict[str, Any]
    amount: int | None


def refund_fact(refund: Refund, livemode: bool) -> Fact:
    """Return what a refund tells; the object itself doesn't say whether it is of live mode, but its event does."""
    return Fact(
        REFUNDS,
        "stripe_refund_id",
        refund.id,
        refund.payment_intent_id,
        terms={"amount": refund.amount, "currency": refund.currency, "livemode": livemode},
        state={"status": refund.status},
        rest={"stripe_charge_id": refund.charge_id, "created_at": refund.created_at},
        amount=refund.amount,
    )


def dispute_fact(dispute: Dispute) -> Fact:
    """Return what a dispute tells. Its amount may differ from the payment's, says Stripe, and may grow.

    Source: https://docs.stripe.com/api/disputes/object#dispute_object-amount
    """
    return Fact(
        DISPUTES,
        "stripe_dispute_id",
        dispute.id,
        dispute.payment_intent_id,
        terms={"currency": dispute.currency, "livemode": dispute.livemode},
        state={
            "movements": dispute.movements,
            "status": dispute.status,
            "amount": dispute.amount,
            "reinstated_amount": dispute.reinstated,
        },
        rest={"stripe_charge_id": dispute.charge_id, "reason": dispute.reason, "created_at": dispute.created_at},
        amount=None,
    )


def charge_fact(charge: Charge) -> Fact:
    """Return what a charge tells: only the most that was ever refunded, because it falls when a refund fails."""
    return Fact(
        CHARGES,
        "stripe_charge_id",
        charge.id,
        charge.payment_intent_id,
        terms={"currency": charge.currency, "livemode": charge.livemode},
        state={"amount_refunded": charge.amount_refunded},
        rest={},
        amount=charge.amount_refunded,
    )


def keep_fact(session: Session, fact: Fact) -> bool:
    """Keep the story; return whether it told anything new.

    The caller holds the payment's lock. Raises QuarantineError for a status that nobody knows here, for a story that
    contradicts an earlier one, and for one of which nobody can tell whether it is the later one.
    """
    _require_known_status(fact)
    standing = find_fact(session, fact.table, fact.id_name, fact.stripe_id)
    if standing is None:
        row = {fact.id_name: fact.stripe_id, "stripe_payment_intent_id": fact.payment_intent_id}
        session.execute(insert(fact.table).values(row | fact.terms | fact.state | fact.rest | _now()))
        return True
    _require_same(standing, fact)
    before = {name: getattr(standing, name) for name in fact.state}
    if further_state(fact, before) == before:
        _require_older(fact, before)
        return False
    session.execute(update(fact.table).where(fact.table.c.id == standing.id).values(fact.state | _now()))
    return True


def further_state(fact: Fact, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the state that stands when `fact` is told and `before` is known: one of the two, as a whole."""
    return max(before, fact.state, key=lambda state: [_order_of(fact.table, name, state[name]) for name in fact.state])


def find_fact(session: Session, table: Table, id_name: str, stripe_id: str) -> Any:
    """Return the row of what is known about one of Stripe's objects, None if there is none."""
    return session.execute(select(table).where(table.c[id_name] == stripe_id)).one_or_none()


def _now() -> dict[str, datetime]:
    return {"updated_at": utc_now()}


def _order_of(table: Table, name: str, value: Any) -> int:
    return STATUSES[table].index(value) if name == "status" else int(value)


def _require_known_status(fact: Fact) -> None:
    status = fact.state.get("status")
    if status is not None and status not in STATUSES[fact.table]:
        raise QuarantineError(f"{fact.stripe_id} has the status {status}, which is not known here")


def _require_older(fact: Fact, before: Mapping[str, Any]) -> None:
    """A dispute that is lost is told late, or the bank has turned around since it was won: only its money can tell.

    The end is the same in every order: `won` stands until the money moves.
    """
    turned = fact.table is DISPUTES and (before["status"], fact.state["status"]) == ("won", "lost")
    is_out = fact.state["reinstated_amount"] < before["reinstated_amount"] if turned else False
    if turned and is_out and fact.state["movements"] == before["movements"]:
        raise QuarantineError(f"{fact.stripe_id} is lost and was won, and its money has not moved in between")


def _require_same(standing: Any, fact: Fact) -> None:
    told = {"stripe_payment_intent_id": fact.payment_intent_id, **fact.terms}
    wrong = [name for name, value in told.items() if getattr(standing, name) != value]
    if wrong:
        raise QuarantineError(f"{fact.stripe_id} contradicts what was told before in {', '.join(wrong)}")

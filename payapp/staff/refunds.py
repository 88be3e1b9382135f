"""Refunds that staff make: in the log when Stripe is asked, and again when it has answered.

The first of the two is committed before the call, so that no money goes back of which the log knows nothing, whatever
happens to the process meanwhile.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from payapp.audit import Reason, write_down
from payapp.audit.models import Act
from payapp.billing.returns.refund_plans import RefundPlan
from payapp.billing.returns.refunding import Witness, refund_purchase
from payapp.ledger.balances import get_balance
from payapp.stripe_service import StripeService
from payapp.stripe_types.returns import Refund


def refund(
    session: Session, stripe: StripeService, reason: Reason, plan: RefundPlan, cause: str | None = None
) -> Refund:
    """Make the refund, and write down what became of it. Commits, and raises, as refund_purchase() does."""
    return refund_purchase(session, stripe, plan, Scribe(reason), cause=cause)


@dataclass(frozen=True)
class Scribe(Witness):
    """Writes down what it is told of a refund. `credits` are the account's, posted."""

    reason: Reason

    def asked(self, session: Session, plan: RefundPlan) -> None:
        planned = {"amount": plan.amount, "currency": plan.currency, "credits_to_take": plan.credits}
        self._write(session, "refund_asked", plan, {"credits": get_balance(session, plan.user_id).posted}, planned)

    def made(self, session: Session, plan: RefundPlan, refund: Refund, credits: int) -> None:
        posted = get_balance(session, plan.user_id).posted
        told = {"refund": refund.id, "status": refund.status, "amount": refund.amount, "currency": refund.currency}
        self._write(session, "refund_made", plan, {"credits": posted + credits}, {"credits": posted, **told})

    def refused(self, session: Session, plan: RefundPlan, why: str) -> None:
        self._write(session, "refund_refused", plan, {}, {"amount": plan.amount, "why": why})

    def _write(
        self, session: Session, act: Act, plan: RefundPlan, before: dict[str, object], after: dict[str, object]
    ) -> None:
        subject = f"purchase:{plan.purchase_id}"
        write_down(session, self.reason, act, user_id=plan.user_id, subject=subject, before=before, after=after)

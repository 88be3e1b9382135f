"""Refunds that staff ask for. What one would do is told before, by refund_plans.py.

Our own row comes first, committed, with the idempotency key of the call; nothing is locked while Stripe works. What
the refund does to the credits is told by clawbacks.py, whoever made it.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.billing.customers import KEY_IS_REMEMBERED
from payapp.billing.errors import RefundMadeBeforeError, RefundRefusedError
from payapp.billing.models import IS_OPEN_REQUEST, RefundRequest, grant_key
from payapp.billing.returns.clawbacks import lock_payment, record_refund
from payapp.billing.returns.refund_plans import RefundPlan, get_purchase
from payapp.database.base import insert_into, table_of
from payapp.database.clock import utc_now
from payapp.ledger.errors import HoldNotOpenError, InsufficientCreditsError
from payapp.ledger.holds import place_hold, release_hold
from payapp.ledger.posting import find_grant
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import BurntKeyError, StripeRefusedError, StripeServiceError
from payapp.stripe_types.returns import Refund

REQUESTS = table_of(RefundRequest)
REFUSAL_LENGTH_MAX = 500
HOLD_FEATURE = "refund"


class Witness:
    """Is told of a refund in the transaction that keeps what is told; each once, however many ask for the refund."""

    def asked(self, session: Session, plan: RefundPlan) -> None:
        """Stripe is going to be asked."""

    def made(self, session: Session, plan: RefundPlan, refund: Refund, credits: int) -> None:
        """Stripe has made it, and `credits` went back with it."""

    def refused(self, session: Session, plan: RefundPlan, why: str) -> None:
        """Stripe has refused it for good."""


NOBODY = Witness()


def refund_purchase(
    session: Session, stripe: StripeService, plan: RefundPlan, witness: Witness = NOBODY, *, cause: str | None = None
) -> Refund:
    """Make the refund at Stripe and take its credits back. Commits, several times.

    One refund of a purchase at a time: a repeated call after a lost answer finds the first one; and one refund for each
    `cause`, if it is given. When the plan is of unspent credits they are set aside meanwhile, so that nobody spends
    them. Raises RefundRefusedError, RefundMadeBeforeError, StripeRefusedError and StripeUnavailableError (it may have
    happened: repeat the same call).
    """
    purchase = get_purchase(session, plan.purchase_id)
    hold_id = _set_aside(session, plan)
    request = _open_request(session, plan, witness, cause)
    session.commit()

    def refuse(why: str) -> None:
        if _close(session, request, refused_at=utc_now(), refusal=why[:REFUSAL_LENGTH_MAX]):
            witness.refused(session, plan, why[:REFUSAL_LENGTH_MAX])

    try:
        refund = _reach_refund(stripe, purchase, request, refuse)
    except StripeServiceError:
        _let_go(session, hold_id)
        session.commit()
        raise
    is_first = _close(session, request, stripe_refund_id=refund.id)
    _let_go(session, hold_id)  # before the claw-back: holds are locked before accounts
    lock_payment(session, purchase.stripe_payment_intent_id)
    taken_before = _taken_back(session, plan)
    record_refund(session, refund, livemode=purchase.livemode)
    if is_first:
        witness.made(session, plan, refund, _taken_back(session, plan) - taken_before)
    session.commit()
    return refund


def require_new_cause(session: Session, cause: str) -> None:
    """Raise RefundMadeBeforeError when there is a refund for this cause: the same form was sent before."""
    made = select(REQUESTS.c.stripe_refund_id).where(REQUESTS.c.stripe_refund_key == _key_of(cause))
    if refund_id := session.scalar(made):
        raise RefundMadeBeforeError(refund_id)


def _set_aside(session: Session, plan: RefundPlan) -> int | None:
    if not (plan.is_of_unspent and plan.credits):
        return None
    try:
        return place_hold(session, plan.user_id, plan.credits, feature=HOLD_FEATURE).id
    except InsufficientCreditsError as error:
        raise RefundRefusedError("some of these credits have been spent meanwhile: look again") from error


def _let_go(session: Session, hold_id: int | None) -> None:
    if hold_id is None:
        return
    try:
        release_hold(session, hold_id)
    except HoldNotOpenError:
        return  # Stripe took longer than holds last: it expired by itself


def _open_request(session: Session, plan: RefundPlan, witness: Witness, cause: str | None) -> Any:
    """Return the purchase's one open request, made now if there is none. Raises RefundMadeBeforeError."""
    made = session.execute(
        insert_into(session, RefundRequest)
        .values(
            purchase_id=plan.purchase_id,
            amount=plan.amount,
            stripe_refund_key=_key_of(cause) if cause else f"refund:{uuid4()}",
            created_at=utc_now(),
        )
        .on_conflict_do_nothing()
        .returning(REQUESTS.c.id)
    )
    if made.scalar() is not None:
        witness.asked(session, plan)
    elif cause:
        require_new_cause(session, cause)
    request = session.execute(
        select(REQUESTS).where(REQUESTS.c.purchase_id == plan.purchase_id, IS_OPEN_REQUEST)
    ).one_or_none()
    if request is None or request.amount != plan.amount:
        session.rollback()
        begun = f" of {request.amount}" if request else ""
        raise RefundRefusedError(f"a refund{begun} is under way, its answer unknown: repeat that one first")
    return request


def _reach_refund(stripe: StripeService, purchase: Any, request: Any, refuse: Callable[[str], None]) -> Refund:
    """Return the refund of this request, made now unless an earlier call made it. What is refused for good is told."""
    payment, key = purchase.stripe_payment_intent_id, request.stripe_refund_key
    found: Refund | None = None
    if utc_now() - request.created_at > KEY_IS_REMEMBERED:
        found = stripe.find_refund(payment, key)
    try:
        return found or stripe.create_refund(payment, request.amount, idempotency_key=key)
    except BurntKeyError as error:
        found = stripe.find_refund(payment, key)
        if found is None:
            refuse(str(error))
            raise
        return found
    except StripeRefusedError as error:
        refuse(str(error))
        raise


def _close(session: Session, request: Any, **outcome: Any) -> bool:
    """Keep what came of the request, and return whether it is news: somebody else may have had the same answer."""
    is_open = (REQUESTS.c.id == request.id, REQUESTS.c.stripe_refund_id.is_(None))
    return (
        session.execute(update(REQUESTS).where(*is_open).values(outcome).returning(REQUESTS.c.id)).scalar() is not None
    )


def _taken_back(session: Session, plan: RefundPlan) -> int:
    standing = find_grant(session, grant_key(plan.purchase_id))
    return standing.taken_back if standing else 0


def _key_of(cause: str) -> str:
    return f"refund:{sha256(cause.encode()).hexdigest()}"

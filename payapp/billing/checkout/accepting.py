"""accept_checkout(): granting a payment that does not agree with our books, because staff say so. Never commits.

Only what was paid may differ: another amount, or another currency (a price with several, say). Who bought, and that
real money was paid, must agree all the same. The purchase then says what was paid, so that refunds are reckoned by it.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import PURCHASES, grant_once, match_purchase
from payapp.billing.errors import AcceptanceRefusedError
from payapp.billing.returns.facts import DISPUTES
from payapp.billing.returns.returned_money import find_returned_money
from payapp.stripe_types.objects import CheckoutSession

NOTE_LENGTH_MAX, ACTOR_LENGTH_MAX = 300, 100


@dataclass(frozen=True)
class Acceptance:
    """Who of the staff accepts a payment, and why. Raises AcceptanceRefusedError when either is empty or too long."""

    actor: str
    note: str

    def __post_init__(self) -> None:
        for name, text, length_max in (
            ("name", self.actor, ACTOR_LENGTH_MAX),
            ("note", self.note, NOTE_LENGTH_MAX),
        ):
            if not text.strip() or len(text) > length_max or not text.isprintable():
                raise AcceptanceRefusedError(f"the {name} must be one line of 1 to {length_max} characters")

    def __str__(self) -> str:
        return f"Accepted by {self.actor.strip()}: {self.note.strip()}"


def accept_checkout(session: Session, checkout_session: CheckoutSession, acceptance: Acceptance) -> int | None:
    """Grant the purchase of a paid Checkout session, whatever was paid for it; return the purchase's id.

    None when it is granted already, for just this payment. `checkout_session` is Stripe's word of this moment.
    Raises AcceptanceRefusedError when it is not paid, is another customer's, was granted for another payment, or its
    money went back or is contested; QuarantineError when no purchase of ours is found with it, or its payment paid
    another one. The caller rolls back then.
    """
    purchase = match_purchase(session, checkout_session)
    if purchase is None:
        raise AcceptanceRefusedError(f"{checkout_session.id} is not ours")
    _require_acceptable(purchase, checkout_session)
    _require_money_here(session, checkout_session)
    paid = {"amount_total": checkout_session.amount_total, "currency": checkout_session.currency}
    is_open = (PURCHASES.c.id == purchase.id, PURCHASES.c.status != "fulfilled")
    if session.execute(update(PURCHASES).where(*is_open).values(paid).returning(PURCHASES.c.id)).scalar() is None:
        _require_granted(session, purchase.id, checkout_session)
        return None
    grant_once(session, purchase, checkout_session, str(acceptance))
    return int(purchase.id)


def _require_granted(session: Session, purchase_id: int, checkout_session: CheckoutSession) -> None:
    """Somebody got there first: that is well if it was with this payment."""
    columns = (PURCHASES.c.stripe_payment_intent_id, PURCHASES.c.amount_total, PURCHASES.c.currency)
    granted = session.execute(select(*columns).where(PURCHASES.c.id == purchase_id)).one()
    paid = (checkout_session.payment_intent_id, checkout_session.amount_total, checkout_session.currency)
    if tuple(granted) != paid:
        raise AcceptanceRefusedError(f"purchase {purchase_id} is granted already, for another payment or amount")


def _require_acceptable(purchase: Any, checkout_session: CheckoutSession) -> None:
    terms = {
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "customer_id": purchase.stripe_customer_id,
        "livemode": purchase.livemode,
    }
    wrong = [name for name, value in terms.items() if getattr(checkout_session, name) != value]
    if not checkout_session.amount_total or not checkout_session.currency:
        wrong.append("amount_total")
    if wrong:
        raise AcceptanceRefusedError(f"{checkout_session.id} can't be accepted for its {', '.join(wrong)}")


def _require_money_here(session: Session, checkout_session: CheckoutSession) -> None:
    """What is told later, or was never told, takes the credits back like that of any purchase."""
    payment = checkout_session.payment_intent_id
    terms = {"currency": checkout_session.currency, "livemode": checkout_session.livemode}
    returned = find_returned_money(session, SimpleNamespace(stripe_payment_intent_id=payment, **terms))
    is_disputed = session.scalar(select(exists().where(DISPUTES.c.stripe_payment_intent_id == payment)))
    if returned.refunded or returned.disputed or is_disputed:
        what = "was disputed" if is_disputed else "went back, or a part of it"
        raise AcceptanceRefusedError(f"the money of {payment} {what}")

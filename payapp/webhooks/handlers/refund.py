"""What we do about events of refunds. They tell one story in many letters; each is the same whichever comes first."""

from sqlalchemy.orm import Session

from payapp.billing.returns.clawbacks import record_charge, record_refund
from payapp.stripe_types.objects import Event
from payapp.stripe_types.returns import Charge, Refund


def record(session: Session, event: Event) -> bool:
    """Bring the purchase in line with what the refund tells; False when no purchase of ours is known with it (yet)."""
    return record_refund(session, Refund.from_object(event.object), livemode=event.livemode)


def record_total(session: Session, event: Event) -> bool:
    """Bring the purchase in line with what the charge tells of all its refunds; False like record()."""
    return record_charge(session, Charge.from_object(event.object))

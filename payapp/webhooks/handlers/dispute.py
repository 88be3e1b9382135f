"""What we do about events of disputes: all of them tell how the dispute stands, and that is what counts."""

from sqlalchemy.orm import Session

from payapp.billing.returns.clawbacks import record_dispute
from payapp.stripe_types.objects import Event
from payapp.stripe_types.returns import Dispute


def record(session: Session, event: Event) -> bool:
    """Bring the purchase in line with the dispute; False when no purchase of ours is known with it (yet)."""
    return record_dispute(session, Dispute.from_object(event.object))

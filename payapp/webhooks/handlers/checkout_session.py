"""What we do about events of Checkout sessions. Each is the same whichever comes first, and however often."""

from sqlalchemy.orm import Session

from payapp.billing.checkout.fulfillment import expire_checkout, fail_checkout, fulfill_checkout
from payapp.stripe_types.objects import CheckoutSession, Event


def fulfill(session: Session, event: Event) -> bool:
    """Grant the purchase if the session is paid; False for a stranger's session."""
    return fulfill_checkout(session, CheckoutSession.from_object(event.object)) != "stranger"


def fail(session: Session, event: Event) -> bool:
    """Close the purchase, its payment failed; False for a stranger's session."""
    return fail_checkout(session, CheckoutSession.from_object(event.object))


def expire(session: Session, event: Event) -> bool:
    """Close the purchase, nobody paid; False for a stranger's session."""
    return expire_checkout(session, CheckoutSession.from_object(event.object))

"""What we do about events of customers."""

from sqlalchemy.orm import Session

from payapp.billing.customers import forget_customer
from payapp.stripe_types.objects import Event


def forget(session: Session, event: Event) -> bool:
    """Let the user of a deleted customer have none; False for a stranger's, and for one forgotten before."""
    customer_id = event.object.get("id")
    return isinstance(customer_id, str) and forget_customer(session, customer_id)

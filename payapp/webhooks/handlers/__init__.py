"""HANDLERS: what we do about each event type. A type that is not listed is kept and ignored."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from payapp.stripe_objects import Event
from payapp.webhooks.handlers import checkout_session

# A handler applies the event and returns whether it concerned us. It never commits; it raises QuarantineError
# when event and books disagree, and anything else when trying again may help.
Handler = Callable[[Session, Event], bool]

HANDLERS: dict[str, Handler] = {
    # The customer finished the Checkout page. Paid: grant. Unpaid: a slow payment is under way.
    "checkout.session.completed": checkout_session.fulfill,
    # A slow payment (a bank debit, say) came through, perhaps days later: grant.
    "checkout.session.async_payment_succeeded": checkout_session.fulfill,
    # A slow payment failed: close the purchase.
    "checkout.session.async_payment_failed": checkout_session.fail,
    # Nobody paid in time: close the purchase.
    "checkout.session.expired": checkout_session.expire,
}

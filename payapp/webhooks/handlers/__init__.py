"""HANDLERS: what we do about each event type. Types not listed, and other accounts' events, are kept and ignored."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from payapp.stripe_types.objects import Event
from payapp.webhooks.handlers import checkout_session, customer, dispute, refund

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
    # Money is on its way back, from us or from Stripe's dashboard: take its share of the credits back.
    "refund.created": refund.record,
    # A refund went on: one that was canceled gives the credits back.
    "refund.updated": refund.record,
    # The bank sent the money back, perhaps weeks later: give the credits back.
    "refund.failed": refund.record,
    # What an endpoint of an older API version is told instead of refund.updated and refund.failed.
    "charge.refund.updated": refund.record,
    # The same story told by the charge, and the only one for some older refunds.
    "charge.refunded": refund.record_total,
    # The customer asked the bank for the money. An inquiry moves nothing yet; a dispute takes the credits back.
    "charge.dispute.created": dispute.record,
    # An inquiry became a dispute, or evidence was sent.
    "charge.dispute.updated": dispute.record,
    # The money left our balance.
    "charge.dispute.funds_withdrawn": dispute.record,
    # Some or all of it came back: give its share of the credits back.
    "charge.dispute.funds_reinstated": dispute.record,
    # Won: give the credits back. Lost: they stay away.
    "charge.dispute.closed": dispute.record,
    # Staff deleted the customer in the dashboard: the user's next purchase makes a new one.
    "customer.deleted": customer.forget,
}

"""Bank debits come to their end days after Checkout did.

https://docs.stripe.com/payments/checkout/fulfill-orders#delayed-notification
"""

from fake_stripe.clock.appointments import appointment
from fake_stripe.errors import JsonObject
from fake_stripe.resources.charges import take_payment
from fake_stripe.resources.checkout_blank import KIND as SESSION
from fake_stripe.work import Work


@appointment("settles")
def settle_well(work: Work, session_id: str) -> None:
    """The bank pays: charge, payment intent and session are paid."""
    session, intent, charge = _read(work, session_id)
    take_payment(work, charge)
    succeeded = work.update(intent, {"amount_received": intent["amount"], "status": "succeeded"})
    work.emit("payment_intent.succeeded", succeeded)
    work.emit("checkout.session.async_payment_succeeded", work.update(session, {"payment_status": "paid"}))


@appointment("settle_fails")
def settle_badly(work: Work, session_id: str) -> None:
    """The bank refuses: the session stays complete and unpaid."""
    session, intent, charge = _read(work, session_id)
    message = "The customer's bank account has insufficient funds."
    failure = {"failure_code": "insufficient_funds", "failure_message": message, "status": "failed"}
    work.emit("charge.failed", work.update(charge, failure))
    error = {
        "charge": charge["id"],
        "code": "payment_intent_payment_attempt_failed",
        "doc_url": "https://stripe.com/docs/error-codes/payment-intent-payment-attempt-failed",
        "message": message,
        "payment_method": work.get("payment_method", intent["payment_method"], "payment_method"),
        "type": "invalid_request_error",
    }
    changes = {"last_payment_error": error, "payment_method": None, "status": "requires_payment_method"}
    work.emit("payment_intent.payment_failed", work.update(intent, changes))
    work.emit("checkout.session.async_payment_failed", session)


def _read(work: Work, session_id: str) -> tuple[JsonObject, JsonObject, JsonObject]:
    session = work.get(SESSION, session_id, "session")
    intent = work.get("payment_intent", session["payment_intent"], "payment_intent")
    return session, intent, work.get("charge", intent["latest_charge"], "charge")

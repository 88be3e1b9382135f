"""How refunds go: made, and then pending, succeeded, failed or canceled. https://docs.stripe.com/refunds

Events: https://docs.stripe.com/api/events/types; a card's refunds tell every change twice, as `refund.updated` and
as the older `charge.refund.updated`.
"""

from fake_stripe.clock.appointments import appointment
from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.resources.balance_transactions import move_money
from fake_stripe.resources.payment_methods import card_of
from fake_stripe.resources.shapes import new_object
from fake_stripe.work import Work

KIND = "refund"

# How a refund can go → its status at first. The test cards choose (https://docs.stripe.com/testing#refunds), bank
# debits are always pending at first, and a control call may say.
COURSES = {
    "succeeds": "succeeded",
    "pending": "pending",
    "pending_fails": "pending",
    "fails_later": "succeeded",
    "requires_action": "requires_action",
}
FAILURE_REASONS = (
    *("lost_or_stolen_card", "expired_or_canceled_card", "charge_for_pending_refund_disputed"),
    *("insufficient_funds", "declined", "merchant_request", "unknown"),
)
_APPOINTMENTS = {"pending": "refund_succeeds", "pending_fails": "refund_fails", "fails_later": "refund_fails"}

_BLANK: JsonObject = {
    "object": KIND,
    "amount": 0,
    "balance_transaction": None,
    "charge": None,
    "created": 0,
    "currency": "usd",
    "customer": None,
    "customer_account": None,
    "destination_details": None,
    "metadata": {},
    "payment_intent": None,
    "payment_method": None,
    "reason": None,
    "receipt_number": None,
    "source_transfer_reversal": None,
    "status": "succeeded",
    "transfer_reversal": None,
}


def course_for(work: Work, charge: JsonObject) -> str:
    """Return how a refund of this charge goes by itself."""
    card = card_of(work, charge["payment_method"])
    return card.refund if card else "pending"


def make_refund(work: Work, charge: JsonObject, amount: int, course: str, **fields: object) -> JsonObject:
    """Send money back. The caller has checked that so much can be refunded.

    Our balance and the charge change at once, whatever the refund's status: Stripe takes the money first.
    """
    refund = new_object(
        work,
        _BLANK,
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        customer=charge["customer"],
        destination_details=_destination(charge),
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        status=COURSES[course],
        **fields,
    )
    del refund["livemode"]
    if course.startswith("pending"):
        refund["pending_reason"] = "processing"
    if course == "requires_action":
        refund["next_action"] = _next_action(work, charge)
    description = f"REFUND FOR CHARGE ({charge['description'] or charge['id']})"
    movement = move_money(work, "refund", charge, refund["id"], -amount, description)
    refund = work.create({**refund, "balance_transaction": movement["id"]})
    _count(work, charge, amount, *([] if course == "requires_action" else ["charge.refunded"]))
    work.emit("refund.created", refund)
    _schedule(work, refund, course)
    return refund


def _schedule(work: Work, refund: JsonObject, course: str) -> None:
    if course in _APPOINTMENTS:
        work.schedule(_APPOINTMENTS[course], refund["id"], work.settings.refund_seconds)
    elif course == "succeeds":
        work.schedule("refund_referenced", refund["id"], work.settings.refund_seconds)


def _destination(charge: JsonObject) -> JsonObject:
    if charge["payment_method_details"]["type"] != "card":
        details = {"reference": None, "reference_status": "pending"}
        return {"type": "us_bank_transfer", "us_bank_transfer": details}
    details = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
    return {"card": details, "type": "card"}


def _next_action(work: Work, charge: JsonObject) -> JsonObject:
    email = {"email_sent_at": work.now, "email_sent_to": charge["billing_details"]["email"] or "nobody@example.com"}
    details = {"email_sent": email, "expires_at": work.now + 30 * 24 * 3600}
    return {"display_details": details, "type": "display_details"}


def _count(work: Work, charge: JsonObject, amount: int, *event_types: str) -> None:
    refunded = charge["amount_refunded"] + amount
    work.update(charge, {"amount_refunded": refunded, "refunded": refunded == charge["amount"]}, *event_types)


@appointment("refund_referenced")
def give_reference(work: Work, refund_id: str) -> None:
    """The bank's reference arrives some time after a card's refund has succeeded."""
    refund = work.get(KIND, refund_id, "refund")
    destination = refund["destination_details"]
    if refund["status"] != "succeeded" or destination["type"] != "card":
        return
    card = {**destination["card"], "reference": "123456789012", "reference_status": "available"}
    _change(work, refund, {"destination_details": {**destination, "card": card}})


@appointment("refund_succeeds")
def succeed(work: Work, refund_id: str) -> None:
    """Bring a refund to its good end; one that has come to another end stays as it is."""
    refund = work.get(KIND, refund_id, "refund")
    if refund["status"] in ("pending", "requires_action"):
        _change(work, refund, {"next_action": None, "pending_reason": None, "status": "succeeded"})


@appointment("refund_fails")
def fail_as_promised(work: Work, refund_id: str) -> None:
    """Let a refund fail by itself, unless a control call was faster."""
    refund = work.get(KIND, refund_id, "refund")
    if refund["status"] in ("pending", "succeeded", "requires_action"):
        fail(work, refund)


def fail(work: Work, refund: JsonObject, reason: str = "expired_or_canceled_card") -> JsonObject:
    """Let a refund fail, also one that has succeeded: the money is back in our balance, and the charge is not refunded.

    https://docs.stripe.com/refunds#failed-refunds. Raises StripeError for a refund that failed or was canceled.
    """
    if reason not in FAILURE_REASONS:
        raise StripeError(f"Invalid reason: must be one of {', '.join(FAILURE_REASONS)}", param="reason")
    failed = _give_back(work, refund, "failed", reason)
    work.emit("refund.failed", failed)
    return failed


def cancel(work: Work, refund: JsonObject) -> JsonObject:
    """Take back a refund that waits for its customer. Raises StripeError in any other state."""
    if refund["status"] != "requires_action":
        raise StripeError(
            f"Refunds with a status of {refund['status']} can't be canceled: only those that require action.",
        )
    return _give_back(work, refund, "canceled", "merchant_request")


def _give_back(work: Work, refund: JsonObject, status: str, reason: str) -> JsonObject:
    if refund["status"] in ("failed", "canceled"):
        raise StripeError(f"This refund has already {refund['status']}.")
    charge = work.get("charge", refund["charge"], "charge")
    description = f"REFUND FAILURE ({charge['description'] or charge['id']})"
    movement = move_money(work, "refund_failure", charge, refund["id"], refund["amount"], description)
    _count(work, charge, -refund["amount"])
    changes = {
        "failure_balance_transaction": movement["id"],
        "failure_reason": reason,
        "next_action": None,
        "pending_reason": None,
        "status": status,
    }
    return _change(work, refund, changes)


def _change(work: Work, refund: JsonObject, changes: JsonObject) -> JsonObject:
    is_card = refund["destination_details"]["type"] == "card"
    return work.update(refund, changes, "refund.updated", *(["charge.refund.updated"] if is_card else []))

"""How disputes go: opened, answered, won or lost, and where the money goes meanwhile.

https://docs.stripe.com/disputes/how-disputes-work; an inquiry (`warning_…`) moves no money. Events:
https://docs.stripe.com/api/events/types.
"""

from fake_stripe.clock.appointments import appointment
from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.resources.balance_transactions import DISPUTE_FEE, move_money
from fake_stripe.resources.dispute_blank import BLANK, KIND
from fake_stripe.resources.payment_methods import card_of
from fake_stripe.resources.shapes import new_object
from fake_stripe.work import Work

RESPONSE_SECONDS = 9 * 24 * 3600  # between 7 and 21 days, says https://docs.stripe.com/disputes/responding
INQUIRY_SECONDS = 120 * 24 * 3600  # after which an inquiry closes by itself: https://docs.stripe.com/disputes/inquiries

STATUSES_AT_FIRST = ("needs_response", "warning_needs_response", "prevented")
REASONS = {  # https://docs.stripe.com/disputes/categories, with a Visa reason code for each
    "credit_not_processed": "13.7",
    "duplicate": "12.6",
    "fraudulent": "10.4",
    "general": "10.4",
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
    "unrecognized": "10.4",
}
_OPEN = ("needs_response", "under_review")
_OPEN_INQUIRY = ("warning_needs_response", "warning_under_review")


def open_dispute(
    work: Work, charge: JsonObject, status: str, reason: str = "fraudulent", amount: int | None = None
) -> JsonObject:
    """Let the customer contest a charge: all of it, or `amount`, in minor units.

    `needs_response` withdraws the money at once, `warning_needs_response` (an inquiry) and `prevented` do not.
    Raises StripeError for a charge that took no money, an open dispute on it, and an amount beyond the charge.
    """
    _check(work, charge, status, reason)
    amount = charge["amount"] if amount is None else amount
    if not 1 <= amount <= charge["amount"]:
        raise StripeError(f"amount must be between 1 and {charge['amount']}", param="amount")
    dispute = work.create(_new(work, charge, status, reason, amount))
    work.update(charge, {"disputed": True})
    if status == "needs_response":
        dispute = _withdraw(work, dispute)
    work.emit("charge.dispute.created", dispute)
    if status == "needs_response":
        work.emit("charge.dispute.funds_withdrawn", dispute)
    if status == "warning_needs_response":
        work.schedule("inquiry_lapses", dispute["id"], INQUIRY_SECONDS)
    return dispute


def _check(work: Work, charge: JsonObject, status: str, reason: str) -> None:
    if status not in STATUSES_AT_FIRST:
        raise StripeError(f"Invalid status: must be one of {', '.join(STATUSES_AT_FIRST)}", param="status")
    if reason not in REASONS:
        raise StripeError(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
    if charge["status"] != "succeeded":
        raise StripeError(f"Charge {charge['id']} took no money: it can't be disputed.", param="charge")
    rows = work.store.rows(
        "SELECT json_extract(body, '$.status') AS status FROM objects "
        "WHERE kind = 'dispute' AND json_extract(body, '$.charge') = ?",
        (charge["id"],),
    )
    if any(row["status"] in (*_OPEN, *_OPEN_INQUIRY) for row in rows):
        raise StripeError(f"Charge {charge['id']} has an open dispute already.", param="charge")


def _new(work: Work, charge: JsonObject, status: str, reason: str, amount: int) -> JsonObject:
    is_inquiry = status == "warning_needs_response"
    dispute = new_object(
        work,
        BLANK,
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        is_charge_refundable=status != "needs_response",
        network_reason_code=REASONS[reason],
        payment_intent=charge["payment_intent"],
        reason=reason,
        status=status,
    )
    dispute["evidence_details"]["due_by"] = None if status == "prevented" else work.now + RESPONSE_SECONDS
    if charge["payment_method_details"]["type"] == "card":
        card = {
            "brand": charge["payment_method_details"]["card"]["brand"],
            "case_type": "inquiry" if is_inquiry else "chargeback",
            "network": charge["payment_method_details"]["card"]["network"],
            "network_reason_code": REASONS[reason],
        }
        dispute["payment_method_details"] = {"card": card, "type": "card"}
    return dispute


def _withdraw(work: Work, dispute: JsonObject, fee: int = DISPUTE_FEE) -> JsonObject:
    return _move(work, dispute, "dispute", -dispute["amount"], "Chargeback withdrawal for", fee)


def _move(work: Work, dispute: JsonObject, movement: str, amount: int, words: str, fee: int = 0) -> JsonObject:
    charge = work.get("charge", dispute["charge"], "charge")
    moved = move_money(work, movement, charge, dispute["id"], amount, f"{words} {charge['id']}", fee)
    return work.update(dispute, {"balance_transactions": [*dispute["balance_transactions"], moved]})


@appointment("disputed")
def open_as_the_card_says(work: Work, charge_id: str) -> None:
    """Contest a payment made with one of the test cards for disputes; one that is disputed already is left alone."""
    charge = work.get("charge", charge_id, "charge")
    card = card_of(work, charge["payment_method"])
    if card and card.dispute and not charge["disputed"]:
        open_dispute(work, charge, "warning_needs_response" if card.is_inquiry else "needs_response", card.dispute)


def escalate(work: Work, dispute: JsonObject) -> JsonObject:
    """Turn an open inquiry into a dispute: now the money goes. Raises StripeError for anything else."""
    _require(dispute, *_OPEN_INQUIRY)
    changes = {"is_charge_refundable": False, "status": "needs_response"}
    if dispute["payment_method_details"]:
        card = {**dispute["payment_method_details"]["card"], "case_type": "chargeback"}
        changes["payment_method_details"] = {"card": card, "type": "card"}
    dispute = _withdraw(work, work.update(dispute, changes, "charge.dispute.updated"))
    work.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def submit(work: Work, dispute: JsonObject, evidence: JsonObject | None = None) -> JsonObject:
    """Send the evidence to the bank, which then reviews it. Raises StripeError when no response is awaited."""
    _require(dispute, "needs_response", "warning_needs_response")
    details = {
        **dispute["evidence_details"],
        "has_evidence": True,
        "submission_count": dispute["evidence_details"]["submission_count"] + 1,
        "submission_method": "manual",
    }
    is_inquiry = dispute["status"] == "warning_needs_response"
    changes = {
        "evidence": evidence or dispute["evidence"],
        "evidence_details": details,
        "status": "warning_under_review" if is_inquiry else "under_review",
    }
    return work.update(dispute, changes, "charge.dispute.updated")


def win(work: Work, dispute: JsonObject) -> JsonObject:
    """Decide for us: what was withdrawn comes back, without its fee.

    Source: https://docs.stripe.com/disputes/how-disputes-work#dispute-fees. An inquiry just closes. Raises StripeError
    when it is over.
    """
    _require(dispute, *_OPEN, *_OPEN_INQUIRY)
    if dispute["status"] in _OPEN_INQUIRY:
        return work.update(dispute, {"status": "warning_closed"}, "charge.dispute.closed")
    changes = {"is_charge_refundable": True, "status": "won"}
    dispute = work.update(dispute, changes, "charge.dispute.closed")
    return reinstate(work, dispute) if withdrawn(dispute) else dispute


def lose(work: Work, dispute: JsonObject, reinstated: int = 0) -> JsonObject:
    """Decide for the customer; `reinstated` of the money may still come back, when it was refunded before.

    Stripe calls that partially won, with the status `lost`:
    https://support.stripe.com/questions/dispute-for-full-charge-amount-after-a-partial-refund-was-issued
    """
    _require(dispute, *_OPEN)
    dispute = work.update(dispute, {"status": "lost"}, "charge.dispute.closed")
    return reinstate(work, dispute, reinstated) if reinstated else dispute


def turn(work: Work, dispute: JsonObject) -> JsonObject:
    """Let the bank decide again, the other way: the dispute is closed anew, and then the money follows.

    What was won is lost and withdrawn once more, what was lost is won. Raises StripeError unless it was decided.
    """
    _require(dispute, "won", "lost")
    is_won = dispute["status"] == "lost"
    changes = {"is_charge_refundable": is_won, "status": "won" if is_won else "lost"}
    dispute = work.update(dispute, changes, "charge.dispute.closed")
    if is_won:
        return reinstate(work, dispute) if withdrawn(dispute) else dispute
    dispute = _withdraw(work, dispute, fee=0)
    work.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def reinstate(work: Work, dispute: JsonObject, amount: int | None = None) -> JsonObject:
    """Give back withdrawn money, all of it or a part; the status stays. Raises StripeError for more than is out."""
    left = withdrawn(dispute)
    amount = left if amount is None else amount
    if not 1 <= amount <= left:
        raise StripeError(f"{left} of this dispute's money is withdrawn: {amount} can't be reinstated", param="amount")
    dispute = _move(work, dispute, "dispute_reversal", amount, "Chargeback reversal for")
    work.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def withdrawn(dispute: JsonObject) -> int:
    """Return how much of the money is away because of the dispute, in minor units."""
    return -sum(int(moved["amount"]) for moved in dispute["balance_transactions"])


@appointment("inquiry_lapses")
def let_inquiry_lapse(work: Work, dispute_id: str) -> None:
    """Close an inquiry that never became a dispute."""
    dispute = work.get(KIND, dispute_id, "dispute")
    if dispute["status"] in _OPEN_INQUIRY:
        win(work, dispute)


def _require(dispute: JsonObject, *statuses: str) -> None:
    if dispute["status"] not in statuses:
        wanted = ", ".join(statuses)
        raise StripeError(f"This dispute's status is {dispute['status']}; for this it must be one of {wanted}.")

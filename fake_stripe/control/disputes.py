"""Disputes as customers and banks would have them."""

from collections.abc import Callable

from fake_stripe.control.body import read_amount
from fake_stripe.control.orders import order
from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.money import disputing
from fake_stripe.resources.dispute_blank import KIND
from fake_stripe.stand_in import StandIn
from fake_stripe.work import Work

_SIMPLE: dict[str, Callable[[Work, JsonObject], JsonObject]] = {
    "escalate": disputing.escalate,
    "submit": disputing.submit,
    "turn": disputing.turn,
    "win": disputing.win,
}


@order("POST", "/disputes", payment_intent="text", charge="text", status="text", reason="text", amount="amount")
def open_dispute(stand_in: StandIn, body: JsonObject) -> JsonObject:
    """Contest a payment: `{"payment_intent": "pi_…", "status": "needs_response", "amount": 900}`.

    `charge` instead of `payment_intent`; `status` may also be `warning_needs_response` (an inquiry) or `prevented`;
    `reason` as Stripe names it; without `amount` all of the charge.
    """
    status, reason = str(body.get("status", "needs_response")), str(body.get("reason", "fraudulent"))
    amount = read_amount(body)
    with stand_in.store.transaction():
        work = stand_in.work()
        return disputing.open_dispute(work, _find_charge(work, body), status, reason, amount)


def _find_charge(work: Work, body: JsonObject) -> JsonObject:
    if "charge" in body:
        return work.get("charge", str(body["charge"]), "charge", status=404)
    intent = work.get("payment_intent", str(body.get("payment_intent")), "payment_intent", status=404)
    if not intent["latest_charge"]:
        raise StripeError("Nothing was charged for this payment intent.", param="payment_intent")
    return work.get("charge", intent["latest_charge"], "charge")


@order("POST", "/disputes/<dispute_id>/<move>", amount="amount", reinstated_amount="amount")
def move_dispute(stand_in: StandIn, body: JsonObject, dispute_id: str, move: str) -> JsonObject:
    """Go on: `escalate` an inquiry, `submit` evidence, `win`, `lose`, `turn` (won, then lost, or back), `reinstate`.

    `lose` takes `{"reinstated_amount": 900}` (partially won), `reinstate` takes `{"amount": 900}`, all if not given.
    """
    amount, reinstated = read_amount(body), read_amount(body, "reinstated_amount")
    with stand_in.store.transaction():
        work = stand_in.work()
        dispute = work.get(KIND, dispute_id, "dispute", status=404)
        if move == "reinstate":
            return disputing.reinstate(work, dispute, amount)
        if move == "lose":
            return disputing.lose(work, dispute, reinstated or 0)
        if move not in _SIMPLE:
            raise StripeError(f"No such move: {move}", status=404)
        return _SIMPLE[move](work, dispute)

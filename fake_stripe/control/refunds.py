"""Refunds as staff would make them, and their ends."""

from fake_stripe.control.body import read_amount, read_choice
from fake_stripe.control.orders import order
from fake_stripe.errors import JsonObject
from fake_stripe.money import refunding
from fake_stripe.resources.refunds import refund_charge
from fake_stripe.stand_in import StandIn
from fake_stripe.work import Work


@order("POST", "/refunds", payment_intent="text", charge="text", amount="amount", reason="text", course="text")
def make_refund(stand_in: StandIn, body: JsonObject) -> JsonObject:
    """Refund as Stripe's dashboard would: `{"payment_intent": "pi_…", "amount": 900, "course": "fails_later"}`.

    `charge` instead of `payment_intent`; `reason`; without `course` the payment's test card decides.
    """
    amount = read_amount(body)
    course = read_choice(body, "course", "", tuple(refunding.COURSES)) if "course" in body else None
    params = {name: body[name] for name in ("payment_intent", "charge", "reason") if name in body}
    with stand_in.store.transaction():
        return refund_charge(stand_in.work(), params | ({} if amount is None else {"amount": amount}), course)


@order("POST", "/refunds/<refund_id>/succeed")
def succeed_refund(stand_in: StandIn, body: JsonObject, refund_id: str) -> JsonObject:
    """Let a pending refund succeed now; any other stays as it is."""
    with stand_in.store.transaction():
        work = stand_in.work()
        refunding.succeed(work, _find(work, refund_id)["id"])
        return _find(work, refund_id)


@order("POST", "/refunds/<refund_id>/fail", reason="text")
def fail_refund(stand_in: StandIn, body: JsonObject, refund_id: str) -> JsonObject:
    """Let a refund fail now, also one that has succeeded: `{"reason": "lost_or_stolen_card"}`."""
    reason = str(body.get("reason", "expired_or_canceled_card"))
    with stand_in.store.transaction():
        work = stand_in.work()
        return refunding.fail(work, _find(work, refund_id), reason)


def _find(work: Work, refund_id: str) -> JsonObject:
    return work.get(refunding.KIND, refund_id, "id", status=404)

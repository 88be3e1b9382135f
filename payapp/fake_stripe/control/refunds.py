"""Refunds as staff would make them, and their ends."""

from flask import Blueprint, Response, jsonify

from payapp.fake_stripe import refunding
from payapp.fake_stripe.control.body import read_amount, read_body, read_choice
from payapp.fake_stripe.errors import JsonObject
from payapp.fake_stripe.resources.refunds import refund_charge
from payapp.fake_stripe.stand_in import current_stand_in
from payapp.fake_stripe.work import Work

blueprint = Blueprint("refunds", __name__)


@blueprint.post("/refunds")
def make_refund() -> Response:
    """Refund as Stripe's dashboard would: `{"payment_intent": "pi_…", "amount": 900, "course": "fails_later"}`.

    `charge` instead of `payment_intent`; `reason`; without `course` the payment's test card decides.
    """
    stand_in = current_stand_in()
    body = read_body("payment_intent", "charge", "amount", "reason", "course")
    amount = read_amount(body)
    course = read_choice(body, "course", "", tuple(refunding.COURSES)) if "course" in body else None
    params = {name: body[name] for name in ("payment_intent", "charge", "reason") if name in body}
    with stand_in.store.transaction():
        return jsonify(refund_charge(stand_in.work(), params | ({} if amount is None else {"amount": amount}), course))


@blueprint.post("/refunds/<refund_id>/succeed")
def succeed(refund_id: str) -> Response:
    """Let a pending refund succeed now; any other stays as it is."""
    stand_in = current_stand_in()
    with stand_in.store.transaction():
        work = stand_in.work()
        refunding.succeed(work, _find(work, refund_id)["id"])
        return jsonify(_find(work, refund_id))


@blueprint.post("/refunds/<refund_id>/fail")
def fail(refund_id: str) -> Response:
    """Let a refund fail now, also one that has succeeded: `{"reason": "lost_or_stolen_card"}`."""
    stand_in = current_stand_in()
    reason = str(read_body("reason").get("reason", "expired_or_canceled_card"))
    with stand_in.store.transaction():
        work = stand_in.work()
        return jsonify(refunding.fail(work, _find(work, refund_id), reason))


def _find(work: Work, refund_id: str) -> JsonObject:
    return work.get(refunding.KIND, refund_id, "id", status=404)

"""Payments on the page, by program; and where the money is."""

from flask import Blueprint, Response, jsonify

from payapp.fake_stripe.cards import Card, find_card
from payapp.fake_stripe.control.body import read_body, read_choice
from payapp.fake_stripe.discounts import apply_typed_code
from payapp.fake_stripe.errors import StripeError
from payapp.fake_stripe.money import summarize_money
from payapp.fake_stripe.payments import pay
from payapp.fake_stripe.resources import checkout_sessions, payment_intents
from payapp.fake_stripe.resources.checkout_blank import KIND as SESSION
from payapp.fake_stripe.stand_in import current_stand_in

blueprint = Blueprint("payments", __name__)


@blueprint.post("/sessions/<session_id>/pay")
def pay_session(session_id: str) -> Response:
    """Pay a session as its page would: `{"outcome": "paid", "card": "pm_card_refundFail"}`.

    `email` where the page would ask for it, `promotion_code` what the customer types.
    """
    stand_in = current_stand_in()
    body = read_body("outcome", "email", "card", "promotion_code")
    with stand_in.store.transaction():
        work = stand_in.work()
        if "promotion_code" in body:
            session = work.get(SESSION, session_id, "session", status=404)
            apply_typed_code(work, session, str(body["promotion_code"]))
        card = _read_card(body["card"]) if "card" in body else None
        session = pay(work, session_id, str(body.get("outcome", "paid")), body.get("email"), card)
    return jsonify(session)


def _read_card(name: object) -> Card:
    card = find_card(str(name))
    if card is None:
        raise StripeError(f"{name} is none of the test cards.", param="card")
    return card


@blueprint.post("/sessions/<session_id>/expire")
def expire_session(session_id: str) -> Response:
    """Let an open session expire now."""
    stand_in = current_stand_in()
    with stand_in.store.transaction():
        return jsonify(checkout_sessions.expire_session(stand_in.work(), {}, session_id))


@blueprint.post("/payment_intents/<payment_intent_id>/authenticate")
def authenticate(payment_intent_id: str) -> Response:
    """Answer the bank's question in the customer's place: `{"outcome": "succeeds"}` or `fails`."""
    stand_in = current_stand_in()
    outcome = read_choice(read_body("outcome"), "outcome", "succeeds", ("succeeds", "fails"))
    with stand_in.store.transaction():
        work = stand_in.work()
        intent = work.get("payment_intent", payment_intent_id, "intent", status=404)
        return jsonify(payment_intents.authenticate(work, intent, is_success=outcome == "succeeds"))


@blueprint.get("/money")
def money() -> Response:
    """Return what was charged, refunded, disputed and reinstated, by currency and by payment intent."""
    return jsonify(summarize_money(current_stand_in().store))

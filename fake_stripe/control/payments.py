"""Payments on the page, by program; and where the money is."""

from flask import Blueprint, Response, jsonify

from fake_stripe.clock.appointments import ACTIONS
from fake_stripe.control.body import read_choice
from fake_stripe.control.orders import order
from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.money.cards import Card, find_card
from fake_stripe.money.discounts import apply_typed_code
from fake_stripe.money.payments import pay
from fake_stripe.money.sums import summarize_money
from fake_stripe.resources import checkout_sessions, payment_intents
from fake_stripe.resources.checkout_blank import KIND as SESSION
from fake_stripe.stand_in import StandIn, current_stand_in

blueprint = Blueprint("payments", __name__)


@order("POST", "/sessions/<session_id>/pay", outcome="text", email="text", card="text", promotion_code="text")
def pay_session(stand_in: StandIn, body: JsonObject, session_id: str) -> JsonObject:
    """Pay a session as its page would: `{"outcome": "paid", "card": "pm_card_refundFail"}`.

    `email` where the page would ask for it, `promotion_code` what the customer types.
    """
    with stand_in.store.transaction():
        work = stand_in.work()
        if "promotion_code" in body:
            session = work.get(SESSION, session_id, "session", status=404)
            apply_typed_code(work, session, str(body["promotion_code"]))
        card = _read_card(body["card"]) if "card" in body else None
        return pay(work, session_id, str(body.get("outcome", "paid")), body.get("email"), card)


def _read_card(name: object) -> Card:
    card = find_card(str(name))
    if card is None:
        raise StripeError(f"{name} is none of the test cards.", param="card")
    return card


@order("POST", "/sessions/<session_id>/settle", outcome="text")
def settle_session(stand_in: StandIn, body: JsonObject, session_id: str) -> JsonObject:
    """Let the bank debit of a session come to its end now: `{"outcome": "settles"}` or `settle_fails`.

    Raises StripeError when none is under way.
    """
    outcome = read_choice(body, "outcome", "settles", ("settles", "settle_fails"))
    with stand_in.store.transaction():
        work = stand_in.work()
        work.get(SESSION, session_id, "session", status=404)
        forget = "DELETE FROM appointments WHERE object_id = ? AND action IN ('settles', 'settle_fails')"
        if not stand_in.store.execute(forget, (session_id,)).rowcount:
            raise StripeError("No bank debit of this Checkout Session is under way.")
        ACTIONS[outcome](work, session_id)
        return work.get(SESSION, session_id, "session")


@order("POST", "/sessions/<session_id>/expire")
def expire_session(stand_in: StandIn, body: JsonObject, session_id: str) -> JsonObject:
    """Let an open session expire now."""
    with stand_in.store.transaction():
        return checkout_sessions.expire_session(stand_in.work(), {}, session_id)


@order("POST", "/payment_intents/<payment_intent_id>/authenticate", outcome="text")
def authenticate_payment(stand_in: StandIn, body: JsonObject, payment_intent_id: str) -> JsonObject:
    """Answer the bank's question in the customer's place: `{"outcome": "succeeds"}` or `fails`."""
    outcome = read_choice(body, "outcome", "succeeds", ("succeeds", "fails"))
    with stand_in.store.transaction():
        work = stand_in.work()
        intent = work.get("payment_intent", payment_intent_id, "intent", status=404)
        return payment_intents.authenticate(work, intent, is_success=outcome == "succeeds")


@blueprint.get("/money")
def money() -> Response:
    """Return what was charged, refunded, disputed and reinstated, by currency and by payment intent."""
    return jsonify(summarize_money(current_stand_in().store))

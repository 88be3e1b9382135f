"""Stripe's refusals where money moves, and of cards: name, code, param (or decline code), source, request."""

from typing import Any

import stripe

from tests.fake_stripe.certification import states
from tests.fake_stripe.certification.error_cases import (
    CARDS,
    CODES,
    DATA,
    NONE,
    PAYMENTS,
    PEOPLE,
    RETURNS,
    ErrorCase,
    declined,
    refused,
)
from tests.fake_stripe.certification.operation_drives import charge, id_of
from tests.fake_stripe.certification.sides import Side

UNEXPECTED = "payment_intent_unexpected_state"
AUTHENTICATION = "authentication_required"


def confirm(s: Side, intent: Any, method: str) -> Any:
    return s.v1.payment_intents.confirm(intent.id, {"payment_method": method})


def off_session(s: Side, method: str) -> Any:
    return s.intent(customer=s.customer, payment_method=method, confirm=True, off_session=True)


def refund(s: Side, charge_id: str, amount: int) -> Any:
    return s.v1.refunds.create({"charge": charge_id, "amount": amount})


def card(s: Side, **changes: Any) -> Any:
    data = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "314"} | changes
    return s.v1.payment_methods.create({"type": "card", "card": data})


def lost_dispute(s: Side) -> str:
    return str(s.v1.disputes.close(s.dispute().id).id)


# fmt: off
MONEY = [
    refused("an intent canceled twice", UNEXPECTED, NONE, f"{PAYMENTS}#29",
            lambda s: s.v1.payment_intents.cancel(s.v1.payment_intents.cancel(s.intent().id).id)),
    refused("a payment canceled", UNEXPECTED, NONE, f"{PAYMENTS}#30",
            lambda s: s.v1.payment_intents.cancel(s.payment().id)),
    refused("a payment confirmed again", UNEXPECTED, NONE, f"{CODES}#payment-intent-unexpected-state",
            lambda s: s.v1.payment_intents.confirm(s.payment().id)),
    refused("an intent of no method", UNEXPECTED, NONE, f"{PAYMENTS}#33",
            lambda s: s.v1.payment_intents.confirm(s.intent().id)),
    refused("somebody's card for nobody", "parameter_missing", "source", f"{PAYMENTS}#38",
            lambda s: confirm(s, s.intent(), s.saved_card())),
    refused("somebody else's card", NONE, "payment_method", f"{PAYMENTS}#43",
            lambda s: confirm(s, s.intent(customer=id_of(states.customer(s))), s.saved_card())),
    refused("an amount too small", "amount_too_small", "amount", f"{CODES}#amount-too-small",
            lambda s: s.intent(amount=10)),
    refused("an amount too large", "amount_too_large", "amount", f"{CODES}#amount-too-large",
            lambda s: s.intent(amount=100000000)),
    refused("an amount of nothing", "parameter_invalid_integer", "amount", f"{CODES}#parameter-invalid-integer",
            lambda s: s.intent(amount=0)),
    refused("a currency that is none", None, "currency", "https://docs.stripe.com/currencies",
            lambda s: s.intent(currency="xxx")),
    refused("a card detached", None, None, "https://docs.stripe.com/api/payment_methods/detach",
            lambda s: s.intent(payment_method=s.v1.payment_methods.detach(s.saved_card()).id)),
    refused("a card detached twice", NONE, NONE, f"{PEOPLE}#21",
            lambda s: s.v1.payment_methods.detach(s.card())),
    ErrorCase("somebody else's card asked for", 404, NONE, "customer", f"{PEOPLE}#10",
              request=lambda s: s.v1.customers.payment_methods.retrieve(s.customer, s.card())),
    refused("refunded already", "charge_already_refunded", NONE, f"{RETURNS}#8",
            lambda s: refund(s, refund(s, charge(s), 2000).charge, 1)),
    refused("refunded too much", NONE, "amount", f"{RETURNS}#11",
            lambda s: refund(s, charge(s), 2001)),
    refused("refunded too much by two", NONE, "amount", f"{RETURNS}#11",
            lambda s: refund(s, refund(s, charge(s), 700).charge, 1500)),
    refused("a refund of nothing named", NONE, NONE, f"{RETURNS}#12",
            lambda s: s.v1.refunds.create({"amount": 100})),
    refused("a refund of a disputed charge", "charge_disputed", NONE, f"{RETURNS}#32",
            lambda s: refund(s, s.dispute().charge, 100)),
    refused("a refund canceled too late", NONE, NONE, f"{RETURNS}#15",
            lambda s: s.v1.refunds.cancel(id_of(states.refund(s)))),
    refused("a dispute closed twice", NONE, NONE, f"{RETURNS}#53",
            lambda s: s.v1.disputes.close(lost_dispute(s))),
    refused("evidence too late", NONE, NONE, f"{RETURNS}#52",
            lambda s: s.v1.disputes.update(lost_dispute(s), {"evidence": {"uncategorized_text": "x"}})),
]

DECLINED = [
    declined("declined", "card_declined", "generic_decline", f"{PAYMENTS}#12",
            lambda s: s.payment("tok_visa_chargeDeclined")),
    declined("declined when attached", "card_declined", "generic_decline", f"{PEOPLE}#9",
            lambda s: s.saved_card("tok_visa_chargeDeclined")),
    declined("no funds", "card_declined", "insufficient_funds", CARDS,
            lambda s: s.payment("tok_visa_chargeDeclinedInsufficientFunds")),
    declined("lost", "card_declined", "lost_card", CARDS,
            lambda s: s.payment("tok_visa_chargeDeclinedLostCard")),
    declined("stolen", "card_declined", "stolen_card", CARDS,
            lambda s: s.payment("tok_visa_chargeDeclinedStolenCard")),
    declined("expired", "expired_card", None, CARDS,
            lambda s: s.payment("tok_chargeDeclinedExpiredCard")),
    declined("wrong security code", "incorrect_cvc", None, CARDS,
            lambda s: s.payment("tok_chargeDeclinedIncorrectCvc")),
    declined("processing error", "processing_error", None, CARDS,
            lambda s: s.payment("tok_chargeDeclinedProcessingError")),
    declined("too often", "card_declined", "card_velocity_exceeded", CARDS,
            lambda s: s.payment("tok_visa_chargeDeclinedVelocityLimitExceeded")),
    declined("attached, then declined", "card_declined", None, CARDS,
            lambda s: off_session(s, s.saved_card("tok_chargeCustomerFail"))),
    declined("authentication, and nobody there", AUTHENTICATION, AUTHENTICATION, f"{PAYMENTS}#45",
            lambda s: off_session(s, s.card("tok_threeDSecure2Required"))),
]
# fmt: on

# Stripe takes card numbers from accounts only that may handle them: these are the stand-in's.
CARD_DATA = [
    ErrorCase(
        f"card: {code}", 402, code, param, DATA, "card_error", stripe.CardError, is_ours_only=True, request=request
    )
    for code, param, request in (
        ("incorrect_number", "number", lambda s: card(s, number="4242424242424241")),
        ("invalid_expiry_month", "exp_month", lambda s: card(s, exp_month=13)),
        ("invalid_expiry_year", "exp_year", lambda s: card(s, exp_year=95)),
        ("invalid_cvc", "cvc", lambda s: card(s, cvc="99")),
    )
]

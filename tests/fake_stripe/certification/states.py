"""Every kind of object in every state it can be in: how each comes about, and the address where it is then seen.

What needs a control call (`side.control`) is seen on the stand-in only: a customer's payment on Checkout's page, and
what banks do. All else is brought about with Stripe's own test cards and test evidence (https://docs.stripe.com/testing).
"""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.fake_stripe.certification.sides import Side

EXPANDED_SESSION = ["payment_intent.latest_charge", "payment_intent.payment_method", "customer", "line_items"]
EXPANDED_SESSION += ["total_details.breakdown", "discounts.promotion_code"]
EXPANSIONS = {
    "session": EXPANDED_SESSION,
    "charge": ["refunds", "balance_transaction", "customer", "payment_intent"],
    "refund": ["failure_balance_transaction", "payment_method", "charge"],
    "dispute": ["charge", "payment_intent"],
    "intent": ["customer", "latest_charge", "payment_method"],
    "balance transaction": ["source"],
    "price": ["product"],
    "promotion code": ["promotion.coupon"],
}


def paid_session(side: Side, outcome: str, **changes: Any) -> str:
    """Let a session's page come to an outcome."""
    session = side.session(customer=side.customer, **changes)
    side.control("POST", f"/sessions/{session.id}/pay", {"outcome": outcome})
    return f"/v1/checkout/sessions/{session.id}"


def settled_session(side: Side, outcome: str) -> str:
    """Pay by bank account, and wait for how it ends."""
    path = paid_session(side, outcome)
    intent = side.get(path)["payment_intent"]
    side.wait_for(lambda: side.v1.payment_intents.retrieve(intent).status != "processing")
    return path


def expired_session(side: Side) -> str:
    session = side.session()
    side.v1.checkout.sessions.expire(session.id)
    return f"/v1/checkout/sessions/{session.id}"


def declined_intent(side: Side) -> str:
    with pytest.raises(stripe.CardError) as caught:
        side.payment("tok_chargeDeclinedInsufficientFunds")
    error: Any = caught.value.error
    return f"/v1/payment_intents/{error.payment_intent.id}"


def unauthenticated_intent(side: Side) -> str:
    intent = side.payment("tok_threeDSecure2Required")
    side.control("POST", f"/payment_intents/{intent.id}/authenticate", {"outcome": "fails"})
    return f"/v1/payment_intents/{intent.id}"


def intent_of(side: Side, session_path: str) -> str:
    return f"/v1/payment_intents/{side.get(session_path)['payment_intent']}"


def charge_of(side: Side, intent_path: str) -> str:
    return f"/v1/charges/{side.get(intent_path)['latest_charge']}"


def refund(side: Side, token: str = "tok_visa", status: str = "succeeded", **changes: Any) -> str:
    """Refund a payment with a test card, and wait until the refund has come to a status."""
    made = side.v1.refunds.create({"payment_intent": side.payment(token).id, **changes}).id
    side.wait_for(lambda: side.v1.refunds.retrieve(made).status == status)
    return f"/v1/refunds/{made}"


def ordered_refund(side: Side, course: str) -> str:
    made = side.control("POST", "/refunds", {"payment_intent": side.payment().id, "course": course})
    return f"/v1/refunds/{made['id']}"


def canceled_refund(side: Side) -> str:
    path = ordered_refund(side, "requires_action")
    side.v1.refunds.cancel(path.rpartition("/")[2])
    return path


def dispute(side: Side, status: str, evidence: str | None = None, token: str = "tok_createDispute") -> str:
    """Take a payment with a card for disputes, answer as Stripe's test evidence, and wait for the status."""
    made = side.dispute(token).id
    if evidence:
        side.v1.disputes.update(made, {"evidence": {"uncategorized_text": evidence}})
    side.wait_for(lambda: side.v1.disputes.retrieve(made).status == status)
    return f"/v1/disputes/{made}"


def ordered_dispute(side: Side, status: str, *moves: str) -> str:
    made = side.control("POST", "/disputes", {"payment_intent": side.payment().id, "status": status})
    for move in moves:
        side.control("POST", f"/disputes/{made['id']}/{move}")
    return f"/v1/disputes/{made['id']}"


def movement(side: Side, holder_path: str, field: str) -> str:
    """Return the address of a balance transaction that an object names."""
    found = side.wait_for(lambda: side.get(holder_path).get(field))
    return f"/v1/balance_transactions/{found if isinstance(found, str) else found[-1]['id']}"


def customer(side: Side, **params: Any) -> str:
    return f"/v1/customers/{side.v1.customers.create(params).id}"


def deleted_customer(side: Side) -> str:
    path = customer(side)
    side.v1.customers.delete(path.rpartition("/")[2])
    return path


def customer_with_card(side: Side) -> str:
    path = customer(side, email="card@example.com", name="Ada", metadata={"a": "1"})
    owner = path.rpartition("/")[2]
    settings = {"default_payment_method": side.saved_card(customer=owner)}
    side.v1.customers.update(owner, {"invoice_settings": settings})
    return path


def endpoint(side: Side, **changes: Any) -> str:
    made = side.v1.webhook_endpoints.create({"url": "https://example.com/hook", "enabled_events": ["payout.paid"]})
    if changes:
        side.v1.webhook_endpoints.update(made.id, changes)
    return f"/v1/webhook_endpoints/{made.id}"


def promotion_code(side: Side, **changes: Any) -> str:
    promotion = {"type": "coupon", "coupon": side.coupon}
    made = side.v1.promotion_codes.create({"promotion": promotion, **changes})
    return f"/v1/promotion_codes/{made.id}"


def switched_off(side: Side, path: str) -> str:
    side.client.raw_request("post", path, active=False)
    return path


def at(kind: str, made: Any) -> str:
    return f"/v1/{kind}/{made.id}"


def price(side: Side, **changes: Any) -> str:
    params = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Starter"}}
    return at("prices", side.v1.prices.create(params | changes))


def method(side: Side, method_id: str) -> str:
    return f"/v1/payment_methods/{method_id}"


def discounted_session(side: Side) -> str:
    code = promotion_code(side).rpartition("/")[2]
    return at("checkout/sessions", side.session(discounts=[{"promotion_code": code}]))


def bank_account(side: Side) -> str:
    intent = side.get(intent_of(side, paid_session(side, "settles")))
    return method(side, intent["payment_method"])


MINIMUM = {"first_time_transaction": True, "minimum_amount": 1000, "minimum_amount_currency": "usd"}

STATES: dict[str, Callable[[Side], str]] = {
    "customer, plain": customer,
    "customer, with a card": customer_with_card,
    "customer, deleted": deleted_customer,
    "product, active": lambda s: at("products", s.v1.products.create({"name": "Growth"})),
    "product, inactive": lambda s: switched_off(s, at("products", s.v1.products.create({"name": "Old"}))),
    "price, active": price,
    "price, with a lookup key": lambda s: price(s, lookup_key=f"certification_{s.mark}", transfer_lookup_key=True),
    "price, of fractions": lambda s: price(s, unit_amount=None, unit_amount_decimal="0.75"),
    "price, inactive": lambda s: switched_off(s, price(s)),
    "coupon, of a percentage": lambda s: at("coupons", s.v1.coupons.create({"percent_off": 12.5, "duration": "once"})),
    "coupon, of an amount": lambda s: at(
        "coupons", s.v1.coupons.create({"amount_off": 500, "currency": "usd", "duration": "forever", "name": "Five"})
    ),
    "promotion code, plain": promotion_code,
    "promotion code, restricted": lambda s: promotion_code(s, restrictions=MINIMUM, max_redemptions=3),
    "promotion code, inactive": lambda s: switched_off(s, promotion_code(s)),
    "session, open": lambda s: at("checkout/sessions", s.session(customer=s.customer)),
    "session, of a stranger": lambda s: at("checkout/sessions", s.session(customer_email="eve@example.com")),
    "session, with a discount": discounted_session,
    "session, expired": expired_session,
    "session, paid": lambda s: paid_session(s, "paid"),
    "session, declined": lambda s: paid_session(s, "declined"),
    "session, settling": lambda s: paid_session(s, "settles"),
    "session, settled": lambda s: settled_session(s, "settles"),
    "session, not settled": lambda s: settled_session(s, "settle_fails"),
    "session, paid with a discount": lambda s: paid_session(s, "paid", discounts=[{"coupon": s.coupon}]),
    "payment method, nobody's": lambda s: method(s, s.card()),
    "payment method, saved": lambda s: method(s, s.saved_card()),
    "payment method, bank account": bank_account,
    "intent, requires_payment_method": lambda s: at("payment_intents", s.intent(customer=s.customer)),
    "intent, requires_confirmation": lambda s: at("payment_intents", s.intent(payment_method=s.card())),
    "intent, requires_action": lambda s: at("payment_intents", s.payment("tok_threeDSecure2Required")),
    "intent, processing": lambda s: intent_of(s, paid_session(s, "settles")),
    "intent, succeeded": lambda s: at("payment_intents", s.payment()),
    "intent, canceled": lambda s: at("payment_intents", s.v1.payment_intents.cancel(s.intent().id)),
    "intent, declined": declined_intent,
    "intent, not authenticated": unauthenticated_intent,
    "charge, succeeded": lambda s: charge_of(s, at("payment_intents", s.payment())),
    "charge, failed": lambda s: charge_of(s, declined_intent(s)),
    "charge, pending": lambda s: charge_of(s, intent_of(s, paid_session(s, "settles"))),
    "charge, refunded in part": lambda s: f"/v1/charges/{s.get(refund(s, amount=500))['charge']}",
    "charge, disputed": lambda s: f"/v1/charges/{s.dispute().charge}",
    "refund, succeeded": lambda s: refund(s, reason="duplicate"),
    "refund, pending": lambda s: ordered_refund(s, "pending"),
    "refund, pending and then succeeded": lambda s: refund(s, "tok_pendingRefund"),
    "refund, failed": lambda s: refund(s, "tok_refundFail", "failed"),
    "refund, requires_action": lambda s: ordered_refund(s, "requires_action"),
    "refund, canceled": canceled_refund,
    "dispute, needs_response": lambda s: dispute(s, "needs_response"),
    "dispute, under_review": lambda s: dispute(s, "under_review", "some evidence"),
    "dispute, won": lambda s: dispute(s, "won", "winning_evidence"),
    "dispute, lost": lambda s: dispute(s, "lost", "losing_evidence"),
    "dispute, warning_needs_response": lambda s: dispute(s, "warning_needs_response", token="tok_createDisputeInquiry"),
    "dispute, warning_under_review": lambda s: dispute(s, "warning_under_review", "words", "tok_createDisputeInquiry"),
    "dispute, escalated": lambda s: dispute(
        s, "needs_response", "escalate_inquiry_evidence", "tok_createDisputeInquiry"
    ),
    "dispute, warning_closed": lambda s: ordered_dispute(s, "warning_needs_response", "win"),
    "dispute, prevented": lambda s: ordered_dispute(s, "prevented"),
    "balance transaction, charge": lambda s: movement(
        s, charge_of(s, at("payment_intents", s.payment())), "balance_transaction"
    ),
    "balance transaction, refund": lambda s: movement(s, refund(s), "balance_transaction"),
    "balance transaction, refund failure": lambda s: movement(
        s, refund(s, "tok_refundFail", "failed"), "failure_balance_transaction"
    ),
    "balance transaction, dispute": lambda s: movement(s, dispute(s, "needs_response"), "balance_transactions"),
    "balance transaction, dispute won": lambda s: movement(
        s, dispute(s, "won", "winning_evidence"), "balance_transactions"
    ),
    "endpoint, enabled": endpoint,
    "endpoint, disabled": lambda s: endpoint(s, disabled=True),
}

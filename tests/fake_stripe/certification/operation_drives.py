"""How the SDK drives each operation of the stand-in's register, end to end: one line an operation.

Each drive makes what it needs and returns what the SDK returned for the call in question.
"""

from collections.abc import Callable
from typing import Any

from tests.fake_stripe.certification import states
from tests.fake_stripe.certification.sides import Side

Drive = Callable[[Side], Any]


def after(_made: Any, answer: Any) -> Any:
    """Return an answer that was asked for once something had been made."""
    return answer


def id_of(path: str) -> str:
    """Return the last part of an address."""
    return path.rpartition("/")[2]


def charge(side: Side) -> str:
    return str(side.payment().latest_charge)


def charge_movement(side: Side) -> str:
    return id_of(states.movement(side, f"/v1/charges/{charge(side)}", "balance_transaction"))


def product(side: Side) -> str:
    return str(side.v1.products.create({"name": "Certification"}).id)


def some_event(side: Side) -> str:
    """Make something happen, and return the event of it."""
    owner = id_of(states.customer(side))
    about = {"type": "customer.created", "limit": 100}

    def find() -> Any:
        return [one for one in side.v1.events.list(about).data if one.data.object["id"] == owner]

    return str(side.wait_for(find)[0].id)


def update_dispute(side: Side) -> Any:
    """Write evidence without sending it."""
    evidence = {"product_description": "500 credits"}
    return side.v1.disputes.update(side.dispute().id, {"evidence": evidence, "submit": False})


PROMOTION = {"restrictions": {"first_time_transaction": True}, "max_redemptions": 2}

DRIVES: dict[str, Drive] = {
    "GET /v1/balance_transactions/{transaction_id}": lambda s: s.v1.balance_transactions.retrieve(charge_movement(s)),
    "GET /v1/balance_transactions": lambda s: after(charge_movement(s), s.v1.balance_transactions.list({"limit": 3})),
    "GET /v1/charges/{charge_id}": lambda s: s.v1.charges.retrieve(charge(s), {"expand": ["balance_transaction"]}),
    "GET /v1/charges": lambda s: s.v1.charges.list({"payment_intent": s.payment().id}),
    "POST /v1/charges/{charge_id}": lambda s: s.v1.charges.update(charge(s), {"metadata": {"a": "1"}}),
    "POST /v1/products": lambda s: s.v1.products.create({"name": "Growth", "description": "500 credits"}),
    "GET /v1/products/{product_id}": lambda s: s.v1.products.retrieve(product(s)),
    "POST /v1/products/{product_id}": lambda s: s.v1.products.update(product(s), {"name": "Renamed"}),
    "GET /v1/products": lambda s: s.v1.products.list({"ids": [product(s)]}),
    "POST /v1/prices": lambda s: s.v1.prices.create({"currency": "eur", "unit_amount": 900, "product": product(s)}),
    "GET /v1/prices/{price_id}": lambda s: s.v1.prices.retrieve(s.price, {"expand": ["product"]}),
    "POST /v1/prices/{price_id}": lambda s: s.v1.prices.update(id_of(states.price(s)), {"nickname": "cheap"}),
    "GET /v1/prices": lambda s: after(s.price, s.v1.prices.list({"active": True, "limit": 2})),
    "GET /v1/checkout/sessions/{session_id}/line_items": lambda s: s.v1.checkout.sessions.line_items.list(
        s.session().id
    ),
    "POST /v1/coupons": lambda s: s.v1.coupons.create({"percent_off": 10, "duration": "once"}),
    "GET /v1/coupons/{coupon_id}": lambda s: s.v1.coupons.retrieve(s.coupon),
    "POST /v1/coupons/{coupon_id}": lambda s: s.v1.coupons.update(s.coupon, {"name": "Spring"}),
    "DELETE /v1/coupons/{coupon_id}": lambda s: s.v1.coupons.delete(
        s.v1.coupons.create({"percent_off": 10, "duration": "once"}).id
    ),
    "GET /v1/coupons": lambda s: after(s.coupon, s.v1.coupons.list({"limit": 2})),
    "POST /v1/promotion_codes": lambda s: s.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": s.coupon}, **PROMOTION}
    ),
    "GET /v1/promotion_codes/{promotion_code_id}": lambda s: s.v1.promotion_codes.retrieve(
        id_of(states.promotion_code(s))
    ),
    "POST /v1/promotion_codes/{promotion_code_id}": lambda s: s.v1.promotion_codes.update(
        id_of(states.promotion_code(s)), {"active": False}
    ),
    "GET /v1/promotion_codes": lambda s: after(
        states.promotion_code(s), s.v1.promotion_codes.list({"coupon": s.coupon})
    ),
    "POST /v1/checkout/sessions": lambda s: s.session(customer=s.customer, client_reference_id="41"),
    "GET /v1/checkout/sessions/{session_id}": lambda s: s.v1.checkout.sessions.retrieve(
        s.session().id, {"expand": ["line_items"]}
    ),
    "GET /v1/checkout/sessions": lambda s: after(
        s.session(), s.v1.checkout.sessions.list({"status": "open", "limit": 2})
    ),
    "POST /v1/checkout/sessions/{session_id}/expire": lambda s: s.v1.checkout.sessions.expire(s.session().id),
    "POST /v1/customers": lambda s: s.v1.customers.create({"email": "ada@example.com", "metadata": {"userId": "7"}}),
    "GET /v1/customers/{customer_id}": lambda s: s.v1.customers.retrieve(s.customer),
    "POST /v1/customers/{customer_id}": lambda s: s.v1.customers.update(s.customer, {"email": "new@example.com"}),
    "DELETE /v1/customers/{customer_id}": lambda s: s.v1.customers.delete(id_of(states.customer(s))),
    "GET /v1/customers": lambda s: after(
        s.customer, s.v1.customers.list({"created": {"gte": 1_700_000_000}, "limit": 2})
    ),
    "POST /v1/payment_methods": lambda s: s.v1.payment_methods.create({"type": "card", "card": {"token": "tok_amex"}}),
    "GET /v1/payment_methods/{payment_method_id}": lambda s: s.v1.payment_methods.retrieve(s.card()),
    "POST /v1/payment_methods/{payment_method_id}": lambda s: s.v1.payment_methods.update(
        s.saved_card(), {"billing_details": {"name": "Ada"}}
    ),
    "POST /v1/payment_methods/{payment_method_id}/attach": lambda s: s.v1.payment_methods.attach(
        s.card(), {"customer": s.customer}
    ),
    "POST /v1/payment_methods/{payment_method_id}/detach": lambda s: s.v1.payment_methods.detach(s.saved_card()),
    "GET /v1/payment_methods": lambda s: after(
        s.saved_card(), s.v1.payment_methods.list({"customer": s.customer, "type": "card"})
    ),
    "GET /v1/customers/{customer_id}/payment_methods": lambda s: after(
        s.saved_card(), s.v1.customers.payment_methods.list(s.customer)
    ),
    "GET /v1/customers/{customer_id}/payment_methods/{payment_method_id}": lambda s: (
        s.v1.customers.payment_methods.retrieve(s.customer, s.saved_card())
    ),
    "GET /v1/disputes/{dispute_id}": lambda s: s.v1.disputes.retrieve(s.dispute().id),
    "POST /v1/disputes/{dispute_id}": update_dispute,
    "POST /v1/disputes/{dispute_id}/close": lambda s: s.v1.disputes.close(s.dispute().id),
    "GET /v1/disputes": lambda s: s.v1.disputes.list({"charge": s.dispute().charge}),
    "GET /v1/events/{event_id}": lambda s: s.v1.events.retrieve(some_event(s)),
    "GET /v1/events": lambda s: after(
        some_event(s), s.v1.events.list({"types": ["customer.created", "customer.deleted"], "limit": 2})
    ),
    "POST /v1/payment_intents": lambda s: s.intent(
        customer=s.customer, payment_method=s.saved_card(), confirm=True, off_session=True
    ),
    "POST /v1/payment_intents/{payment_intent_id}/confirm": lambda s: s.v1.payment_intents.confirm(
        s.intent().id, {"payment_method": s.card()}
    ),
    "POST /v1/payment_intents/{payment_intent_id}/cancel": lambda s: s.v1.payment_intents.cancel(
        s.intent().id, {"cancellation_reason": "abandoned"}
    ),
    "POST /v1/payment_intents/{payment_intent_id}": lambda s: s.v1.payment_intents.update(
        s.intent().id, {"description": "500 credits"}
    ),
    "GET /v1/payment_intents/{payment_intent_id}": lambda s: s.v1.payment_intents.retrieve(s.intent().id),
    "GET /v1/payment_intents": lambda s: after(
        s.intent(customer=s.customer), s.v1.payment_intents.list({"customer": s.customer, "limit": 2})
    ),
    "POST /v1/refunds": lambda s: s.v1.refunds.create({"charge": charge(s), "reason": "requested_by_customer"}),
    "GET /v1/refunds/{refund_id}": lambda s: s.v1.refunds.retrieve(id_of(states.refund(s))),
    "POST /v1/refunds/{refund_id}": lambda s: s.v1.refunds.update(id_of(states.refund(s)), {"metadata": {"a": "1"}}),
    "POST /v1/refunds/{refund_id}/cancel": lambda s: s.v1.refunds.cancel(
        id_of(states.ordered_refund(s, "requires_action"))
    ),
    "GET /v1/refunds": lambda s: after(states.refund(s), s.v1.refunds.list({"limit": 2})),
    "POST /v1/webhook_endpoints": lambda s: s.v1.webhook_endpoints.create(
        {"url": "https://example.com/hook", "enabled_events": ["payout.paid"], "description": "certification"}
    ),
    "GET /v1/webhook_endpoints/{endpoint_id}": lambda s: s.v1.webhook_endpoints.retrieve(id_of(states.endpoint(s))),
    "POST /v1/webhook_endpoints/{endpoint_id}": lambda s: s.v1.webhook_endpoints.update(
        id_of(states.endpoint(s)), {"enabled_events": ["payout.failed"]}
    ),
    "DELETE /v1/webhook_endpoints/{endpoint_id}": lambda s: s.v1.webhook_endpoints.delete(id_of(states.endpoint(s))),
    "GET /v1/webhook_endpoints": lambda s: after(states.endpoint(s), s.v1.webhook_endpoints.list({"limit": 2})),
}

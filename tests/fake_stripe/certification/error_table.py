"""Stripe's refusals of requests, of what does not exist and of what is for sale.

A row says name, code, param, source and request; its status is 400 unless it says another.
"""

import threading
import time
from typing import Any

import stripe

from tests.fake_stripe.certification import states
from tests.fake_stripe.certification.error_cases import (
    CATALOG,
    CODES,
    LISTS,
    NONE,
    PEOPLE,
    RETURNS,
    ErrorCase,
    missing,
    ordered,
    refused,
)
from tests.fake_stripe.certification.operation_drives import id_of, product
from tests.fake_stripe.certification.sides import Side

API_ERRORS = "https://docs.stripe.com/api/errors"
API_KEYS = "https://docs.stripe.com/api/authentication"
RATES = "https://docs.stripe.com/rate-limits"
KEYS = "https://docs.stripe.com/api/idempotent_requests"
IN_USE = "https://docs.stripe.com/error-codes#idempotency-key-in-use"  # its type: stripity_stripe, issue 564
METADATA = "https://docs.stripe.com/api/metadata"
SESSIONS = "https://docs.stripe.com/api/checkout/sessions"
EXPANSIONS = "https://docs.stripe.com/expand"

LIMITED = stripe.RateLimitError
FIRST_ONLY = {"first_time_transaction": True}
FIRST_PARAM = "restrictions[first_time_transaction]"


def price(s: Side, **changes: Any) -> Any:
    params = {"currency": "usd", "unit_amount": 900, "product": product(s)} | changes
    return s.v1.prices.create({name: value for name, value in params.items() if value is not None})


def promotion(s: Side, **changes: Any) -> Any:
    return s.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": s.coupon}, **changes})


def coupon(s: Side, **params: Any) -> Any:
    return s.v1.coupons.create({"duration": "once", **params})


def same_key(s: Side, first: Any, second: Any) -> Any:
    """Make a customer under a key, and ask for something else under the same."""
    options = {"idempotency_key": f"{s.mark}-{time.monotonic_ns()}"}
    s.v1.customers.create(first, options)
    return second(options)


def while_running(s: Side) -> Any:
    """Ask under a key whose first request still runs."""
    s.control(
        "POST", "/faults", {"operation": "POST /v1/customers", "fault": "timeout", "when": "during"} | {"seconds": 1}
    )
    options = {"idempotency_key": f"{s.mark}-{time.monotonic_ns()}"}
    first = threading.Thread(target=lambda: s.v1.customers.create({}, options))
    first.start()
    try:
        time.sleep(0.3)
        return s.v1.customers.create({}, options)
    finally:
        first.join()


# fmt: off
REQUESTS = [
    refused("limit=abc", "parameter_invalid_integer", "limit", f"{LISTS}#2",
            lambda s: s.v1.customers.list({"limit": "abc"})),
    refused("an unknown parameter", "parameter_unknown", "wat", f"{LISTS}#3",
            lambda s: s.v1.customers.list({"wat": "x"})),
    refused("an unknown parameter inside another", "parameter_unknown", "invoice_settings[nope]", f"{LISTS}#4",
            lambda s: s.v1.customers.create({"invoice_settings": {"nope": "x"}})),
    missing("a cursor that names nothing", 400, "starting_after", f"{LISTS}#5",
            lambda s: s.v1.customers.list({"starting_after": "cus_aaa"})),
    refused("both cursors", NONE, NONE, f"{LISTS}#6",
            lambda s: s.v1.customers.list({"starting_after": s.customer, "ending_before": s.customer})),
    refused("a missing parameter", "parameter_missing", "name", f"{CATALOG}#11",
            lambda s: s.v1.products.create({})),
    refused("an empty text", "parameter_invalid_empty", "name", f"{CODES}#parameter-invalid-empty",
            lambda s: s.v1.products.create({"name": ""})),
    refused("a number for an object", NONE, "currency_options", f"{CATALOG}#57",
            lambda s: coupon(s, amount_off=5, currency="usd", currency_options=5)),
    refused("expanding what can't be", NONE, None, EXPANSIONS,
            lambda s: s.v1.customers.create({"expand": ["bogus"]})),
    ErrorCase("an unknown address", 404, NONE, NONE, f"{CATALOG}#38",
              request=lambda s: s.get("/v1/widgets")),
    ErrorCase("an unknown method", 404, NONE, NONE, f"{CATALOG}#37",
              request=lambda s: s.client.raw_request("delete", "/v1/prices/price_1")),
    ErrorCase("a wrong key", 401, None, NONE, API_KEYS,
              exception=stripe.AuthenticationError,
              request=lambda s: s.v1.customers.list({}, {"api_key": "sk_live_wrong"})),
    refused("a metadata key of 41", None, None, METADATA,
            lambda s: s.v1.customers.create({"metadata": {"k" * 41: "1"}})),
    refused("a metadata value of 501", None, None, METADATA,
            lambda s: s.v1.customers.create({"metadata": {"k": "v" * 501}})),
    refused("51 metadata keys", None, None, METADATA,
            lambda s: s.v1.customers.create({"metadata": {f"k{n}": "1" for n in range(51)}})),
    ErrorCase("a key with other parameters", 400, NONE, NONE, KEYS, "idempotency_error", stripe.IdempotencyError,
              request=lambda s: same_key(s, {}, lambda o: s.v1.customers.create({"name": "A"}, o))),
    ErrorCase("a key at another address", 400, NONE, NONE, KEYS, "idempotency_error", stripe.IdempotencyError,
              request=lambda s: same_key(s, {}, lambda o: s.v1.products.create({"name": "A"}, o))),
    ErrorCase("a key in use", 409, "idempotency_key_in_use", NONE, IN_USE, exception=stripe.APIError,
              is_ours_only=True, request=while_running),
    ErrorCase("too many requests", 429, "rate_limit", NONE, RATES, exception=LIMITED, is_ours_only=True,
              request=ordered(lambda s: s.v1.customers.create({}), "429")),
    ErrorCase("an object that is busy", 429, "lock_timeout", NONE, f"{RATES}#object-lock-timeouts",
              exception=LIMITED, is_ours_only=True,
              request=ordered(lambda s: s.v1.customers.create({}), "lock_timeout")),
    ErrorCase("a failure of Stripe's", 500, NONE, NONE, API_ERRORS, "api_error", stripe.APIError,
              is_ours_only=True, request=ordered(lambda s: s.v1.customers.create({}), "500")),
]

MISSING = [
    missing("customer", 404, None, f"{CODES}#resource-missing",
            lambda s: s.v1.customers.retrieve("cus_nope")),
    missing("product", 404, "id", f"{CATALOG}#9",
            lambda s: s.v1.products.retrieve("prod_nope")),
    missing("price", 404, "price", f"{CATALOG}#36",
            lambda s: s.v1.prices.retrieve("price_nope")),
    missing("coupon", 404, "coupon", f"{CATALOG}#49",
            lambda s: s.v1.coupons.retrieve("NOPE123")),
    missing("coupon, deleted", 404, "coupon", f"{CATALOG}#47",
            lambda s: s.v1.coupons.retrieve(s.v1.coupons.delete(coupon(s, percent_off=9).id).id)),
    missing("promotion code", 404, "promotion_code", f"{CATALOG}#74",
            lambda s: s.v1.promotion_codes.retrieve("promo_nope")),
    missing("dispute", 404, "dispute", f"{RETURNS}#55",
            lambda s: s.v1.disputes.retrieve("du_nope")),
    missing("refund", 404, None, f"{CODES}#resource-missing",
            lambda s: s.v1.refunds.retrieve("re_nope")),
    missing("charge", 404, None, f"{CODES}#resource-missing",
            lambda s: s.v1.charges.retrieve("ch_nope")),
    missing("payment intent", 404, None, f"{CODES}#resource-missing",
            lambda s: s.v1.payment_intents.retrieve("pi_nope")),
    missing("payment method", 404, None, f"{CODES}#resource-missing",
            lambda s: s.v1.payment_methods.retrieve("pm_nope")),
    missing("Checkout session", 404, None, f"{CODES}#resource-missing",
            lambda s: s.v1.checkout.sessions.retrieve("cs_test_nope")),
    missing("event", 404, None, f"{CODES}#resource-missing",
            lambda s: s.v1.events.retrieve("evt_nope")),
    missing("webhook endpoint", 404, None, f"{CODES}#resource-missing",
            lambda s: s.v1.webhook_endpoints.retrieve("we_nope")),
    missing("balance transaction", 404, None, f"{CODES}#resource-missing",
            lambda s: s.v1.balance_transactions.retrieve("txn_nope")),
    missing("whose payment methods", 404, "id", f"{PEOPLE}#12",
            lambda s: s.v1.customers.payment_methods.list("cus_nope")),
    missing("payment methods of", 400, "customer", f"{PEOPLE}#11",
            lambda s: s.v1.payment_methods.list({"customer": "cus_nope"})),
    missing("payment methods of a deleted customer", 400, "customer", f"{PEOPLE}#23",
            lambda s: s.v1.payment_methods.list({"customer": id_of(states.deleted_customer(s))})),
    missing("attach to a deleted customer", 400, "customer", f"{PEOPLE}#24",
            lambda s: s.saved_card(customer=id_of(states.deleted_customer(s)))),
    missing("refund of a charge", 404, "id", f"{RETURNS}#13",
            lambda s: s.v1.refunds.create({"charge": "ch_nope"})),
    missing("price of a product", 400, "product", f"{CATALOG}#28",
            lambda s: price(s, product="prod_nope")),
    missing("default price", 400, "default_price", f"{CATALOG}#12",
            lambda s: s.v1.products.update(product(s), {"default_price": "price_nope"})),
    missing("code for a coupon", 400, "promotion[coupon]", f"{CATALOG}#66",
            lambda s: promotion(s, promotion={"type": "coupon", "coupon": "NOPE"})),
    missing("code for a customer", 400, "customer", f"{CATALOG}#70",
            lambda s: promotion(s, customer="cus_nope")),
    missing("session for a deleted customer", 400, "customer", f"{CODES}#resource-missing",
            lambda s: s.session(customer=id_of(states.deleted_customer(s)))),
]

THINGS_FOR_SALE = [
    refused("a price of no product", NONE, NONE, f"{CATALOG}#23",
            lambda s: price(s, product=None)),
    refused("a price of no amount", NONE, NONE, f"{CATALOG}#24",
            lambda s: price(s, unit_amount=None)),
    refused("a price of two products", NONE, "product", f"{CATALOG}#25",
            lambda s: price(s, product_data={"name": "x"})),
    refused("a lookup key in use", NONE, "lookup_key", f"{CATALOG}#15",
            lambda s: [price(s, lookup_key=f"twice_{s.mark}") for _ in range(2)]),
    refused("a coupon of nothing", "parameter_missing", NONE, f"{CATALOG}#50",
            coupon),
    refused("a coupon of both", NONE, NONE, f"{CATALOG}#51",
            lambda s: coupon(s, percent_off=10, amount_off=500, currency="usd")),
    refused("a coupon of no currency", NONE, "currency", f"{CATALOG}#52",
            lambda s: coupon(s, amount_off=500)),
    refused("a repeating coupon of no months", NONE, "duration", f"{CATALOG}#53",
            lambda s: coupon(s, percent_off=10, duration="repeating")),
    refused("a coupon of 0 %", NONE, "percent_off", f"{CATALOG}#54",
            lambda s: coupon(s, percent_off=0)),
    refused("a coupon of the past", NONE, "redeem_by", f"{CATALOG}#55",
            lambda s: coupon(s, percent_off=10, redeem_by=1000)),
    refused("a coupon's id twice", "resource_already_exists", None, f"{CODES}#resource-already-exists",
            lambda s: [coupon(s, percent_off=5, id=f"twice-{s.mark}") for _ in range(2)]),
    refused("a code that is active", NONE, NONE, f"{CATALOG}#67",
            lambda s: [promotion(s, code=f"TWICE{s.mark}") for _ in range(2)]),
    refused("a code of odd characters", NONE, "code", f"{CATALOG}#68",
            lambda s: promotion(s, code="has spaces!")),
    refused("a code for no coupon", NONE, "promotion.coupon", f"{CATALOG}#69",
            lambda s: promotion(s, promotion={"type": "coupon"})),
    refused("a code of the past", NONE, "expires_at", f"{CATALOG}#71",
            lambda s: promotion(s, expires_at=2000)),
    refused("a code of the far future", NONE, "expires_at", f"{CATALOG}#72",
            lambda s: promotion(s, expires_at=4102444800)),
    refused("a code's restrictions changed", "parameter_unknown", FIRST_PARAM, f"{CATALOG}#73",
            lambda s: s.v1.promotion_codes.update(promotion(s).id, {"restrictions": FIRST_ONLY})),
    refused("an e-mail that is none", "email_invalid", "email", f"{CODES}#email-invalid",
            lambda s: s.v1.customers.create({"email": "ada"})),
    refused("an address that is none", "url_invalid", "success_url", f"{CODES}#url-invalid",
            lambda s: s.session(success_url="example.com/done")),
    refused("a session too short", None, None, f"{SESSIONS}/create#create_checkout_session-expires_at",
            lambda s: s.session(expires_at=int(time.time()) + 60)),
    refused("a session too long", None, None, f"{SESSIONS}/create#create_checkout_session-expires_at",
            lambda s: s.session(expires_at=int(time.time()) + 90000)),
    refused("a session too cheap", "amount_too_small", None, f"{CODES}#amount-too-small",
            lambda s: s.session(line_items=[{"price": price(s, unit_amount=10).id, "quantity": 1}])),
    refused("a session that is over", None, None, f"{SESSIONS}/expire",
            lambda s: s.v1.checkout.sessions.expire(id_of(states.expired_session(s)))),
]
# fmt: on

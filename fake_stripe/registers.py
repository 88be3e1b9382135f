"""Importing this fills the registers: every operation of the API, and every appointment that the clock may keep."""

from fake_stripe.money import settlements  # noqa: F401  (as below: imported for its declarations)
from fake_stripe.resources import (  # noqa: F401
    balance_transactions,
    charges,
    checkout_line_items,
    checkout_sessions,
    coupons,
    customers,
    disputes,
    event_log,
    payment_intents,
    payment_methods,
    prices,
    products,
    promotion_codes,
    refunds,
    webhook_endpoints,
)

"""One file a resource: what it looks like and its operations. Importing this package fills the register."""

from payapp.fake_stripe.resources import (  # noqa: F401  (imported for their declarations)
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

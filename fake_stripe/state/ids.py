"""Identifiers that look like Stripe's: a prefix that tells the kind, then random letters and digits."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits

# Prefix and number of random characters, as seen in the examples of Stripe's API reference.
_SHAPES = {
    "customer": ("cus_", 14),
    "product": ("prod_", 14),
    "price": ("price_1", 23),
    "checkout.session": ("cs_test_a1", 56),
    "item": ("li_1", 23),
    "payment_intent": ("pi_3", 23),
    "charge": ("ch_3", 23),
    "payment_method": ("pm_1", 23),
    "refund": ("re_3", 23),
    "dispute": ("du_1", 23),
    "balance_transaction": ("txn_3", 23),
    "coupon": ("", 8),
    "promotion_code": ("promo_1", 23),
    "event": ("evt_1", 23),
    "webhook_endpoint": ("we_1", 23),
    "request": ("req_", 14),
    "webhook_secret": ("whsec_", 32),
    "client_secret": ("secret_", 25),
    "fingerprint": ("", 16),
}


def new_id(kind: str) -> str:
    """Return a fresh identifier for an object of this kind. Raises KeyError for a kind without a shape."""
    prefix, length = _SHAPES[kind]
    return prefix + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in secrets.token_bytes(length))

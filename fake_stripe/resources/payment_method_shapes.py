"""What cards and bank accounts look like, alone and on a charge. https://docs.stripe.com/api/payment_methods/object"""

import hashlib

from fake_stripe.errors import JsonObject
from fake_stripe.money.cards import Card
from fake_stripe.state.ids import new_id

NO_BILLING_DETAILS: JsonObject = {
    "address": {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None},
    "email": None,
    "name": None,
    "phone": None,
    "tax_id": None,
}
_BANK_ACCOUNT: JsonObject = {
    "account_holder_type": "individual",
    "account_type": "checking",
    "bank_name": "STRIPE TEST BANK",
    "financial_connections_account": None,
    "fingerprint": "standinBankAcct1",
    "last4": "6789",
    "networks": {"preferred": "ach", "supported": ["ach"]},
    "routing_number": "110000000",
    "status_details": {},
}
_CARD_CHARGE: JsonObject = {
    "authorization_code": "123456",
    "electronic_commerce_indicator": "07",
    "extended_authorization": {"status": "disabled"},
    "incremental_authorization": {"status": "unavailable"},
    "installments": None,
    "mandate": None,
    "multicapture": {"status": "unavailable"},
    "network_token": {"used": False},
    "three_d_secure": None,
    "transaction_link_id": None,
}


def card_details(card: Card, exp_month: int = 12, exp_year: int = 2034) -> JsonObject:
    """Return a payment method's `card`; the same number always has the same fingerprint."""
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": "american_express" if card.brand == "amex" else card.brand,
        "exp_month": exp_month,
        "exp_year": exp_year,
        "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def bank_account_details(last4: str) -> JsonObject:
    """Return a payment method's `us_bank_account`."""
    return {**_BANK_ACCOUNT, "last4": last4}


def charge_details(payment_method: JsonObject, amount: int, *, is_declined: bool) -> JsonObject:
    """Return the `payment_method_details` of a charge made with it; `amount` in minor units."""
    method_type = payment_method["type"]
    known = payment_method[method_type]
    if method_type == "card":
        shared = ["brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4"]
        details = {name: known[name] for name in [*shared, "regulated_status", "wallet"]} | _CARD_CHARGE
        details |= {"network": known["brand"], "network_transaction_id": new_id("fingerprint")}
        details["amount_authorized"] = None if is_declined else amount
        details["overcapture"] = {"maximum_amount_capturable": amount, "status": "unavailable"}
    else:
        shared = ["account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number"]
        details = {name: known[name] for name in shared} | {"mandate": None, "payment_reference": None}
    return {method_type: details, "type": method_type}

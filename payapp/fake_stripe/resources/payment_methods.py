"""Payment methods: what a payment was made with. https://docs.stripe.com/api/payment_methods

The numbers are Stripe's test ones: https://docs.stripe.com/testing and
https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-integration.
"""

from payapp.fake_stripe.errors import JsonObject
from payapp.fake_stripe.ids import new_id
from payapp.fake_stripe.operations import Params, expandable, operation
from payapp.fake_stripe.shapes import new_object
from payapp.fake_stripe.work import Work

KIND = "payment_method"

_BLANK: JsonObject = {
    "object": KIND,
    "allow_redisplay": "limited",
    "billing_details": {},
    "created": 0,
    "customer": None,
    "livemode": False,
    "metadata": {},
    "type": "card",
}
_CARD: JsonObject = {
    "brand": "visa",
    "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
    "country": "US",
    "display_brand": "visa",
    "exp_month": 12,
    "exp_year": 2034,
    "fingerprint": "standinVisaCard1",
    "funding": "credit",
    "generated_from": None,
    "last4": "4242",
    "networks": {"available": ["visa"], "preferred": None},
    "regulated_status": "unregulated",
    "three_d_secure_usage": {"supported": True},
    "wallet": None,
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


def new_payment_method(work: Work, method_type: str, last4: str, billing_details: JsonObject) -> JsonObject:
    """Make a used-once card or bank account; it isn't attached to the customer."""
    details = {**(_CARD if method_type == "card" else _BANK_ACCOUNT), "last4": last4}
    fields = {"type": method_type, method_type: details, "billing_details": billing_details}
    return work.create(new_object(work, _BLANK, **fields))


def charge_details(payment_method: JsonObject) -> JsonObject:
    """Return the `payment_method_details` of a charge made with it."""
    method_type = payment_method["type"]
    known = payment_method[method_type]
    if method_type == "card":
        shared = ["brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4"]
        details = {name: known[name] for name in [*shared, "regulated_status", "wallet"]} | _CARD_NETWORK
        details["network_transaction_id"] = new_id("fingerprint")
    else:
        shared = ["account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number"]
        details = {name: known[name] for name in shared} | {"mandate": None, "payment_reference": None}
    return {method_type: details, "type": method_type}


_CARD_NETWORK: JsonObject = {
    "authorization_code": None,
    "extended_authorization": {"status": "disabled"},
    "incremental_authorization": {"status": "unavailable"},
    "installments": None,
    "mandate": None,
    "multicapture": {"status": "unavailable"},
    "network": "visa",
    "network_token": {"used": False},
    "overcapture": {"maximum_amount_capturable": 0, "status": "unavailable"},
    "three_d_secure": None,
}


@operation("GET", "/v1/payment_methods/<payment_method_id>", "PaymentMethodRetrieveParams")
def retrieve_payment_method(work: Work, params: Params, payment_method_id: str) -> JsonObject:
    """Return a payment method."""
    return work.get(KIND, payment_method_id, "payment_method", status=404)


expandable(KIND, {"customer": "customer"})

"""What a dispute looks like before anything is known about it. https://docs.stripe.com/api/disputes/object"""

from fake_stripe.errors import JsonObject

KIND = "dispute"

TEXTS = (
    *("access_activity_log", "billing_address", "cancellation_policy_disclosure", "cancellation_rebuttal"),
    *("customer_email_address", "customer_name", "customer_purchase_ip", "duplicate_charge_explanation"),
    *("duplicate_charge_id", "product_description", "refund_policy_disclosure", "refund_refusal_explanation"),
    *("service_date", "shipping_address", "shipping_carrier", "shipping_date", "shipping_tracking_number"),
    "uncategorized_text",
)
FILES = (
    *("cancellation_policy", "customer_communication", "customer_signature", "duplicate_charge_documentation"),
    *("receipt", "refund_policy", "service_documentation", "shipping_documentation", "uncategorized_file"),
)

BLANK: JsonObject = {
    "object": KIND,
    "amount": 0,
    "balance_transactions": [],
    "charge": "",
    "created": 0,
    "currency": "usd",
    "enhanced_eligibility_types": [],
    "evidence": {**dict.fromkeys(sorted((*TEXTS, *FILES))), "enhanced_evidence": {}},
    "evidence_details": {
        "due_by": None,
        "enhanced_eligibility": {},
        "has_evidence": False,
        "past_due": False,
        "submission_count": 0,
        "submission_method": "not_submitted",
    },
    "is_charge_refundable": False,
    "livemode": False,
    "metadata": {},
    "network_reason_code": None,
    "payment_intent": None,
    "payment_method_details": None,
    "reason": "fraudulent",
    "status": "needs_response",
}

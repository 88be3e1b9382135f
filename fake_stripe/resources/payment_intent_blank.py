"""What a payment intent looks like. https://docs.stripe.com/api/payment_intents/object"""

from fake_stripe.errors import JsonObject
from fake_stripe.resources.shapes import new_object
from fake_stripe.state.ids import new_id
from fake_stripe.work import Work

KIND = "payment_intent"

_BLANK: JsonObject = {
    "object": KIND,
    "allowed_payment_method_types": None,
    "amount": 0,
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "amount_received": 0,
    "application": None,
    "application_fee_amount": None,
    "automatic_payment_methods": None,
    "canceled_at": None,
    "cancellation_reason": None,
    "capture_method": "automatic_async",
    "client_secret": None,
    "confirmation_method": "automatic",
    "created": 0,
    "currency": "usd",
    "customer": None,
    "customer_account": None,
    "description": None,
    "excluded_payment_method_types": None,
    "last_payment_error": None,
    "latest_charge": None,
    "livemode": False,
    "managed_payments": {"enabled": False},
    "metadata": {},
    "next_action": None,
    "on_behalf_of": None,
    "payment_method": None,
    "payment_method_configuration_details": None,
    "payment_method_options": {
        "card": {
            "installments": None,
            "mandate_options": None,
            "network": None,
            "request_three_d_secure": "automatic",
        }
    },
    "payment_method_types": ["card"],
    "payment_record": None,
    "processing": None,
    "receipt_email": None,
    "review": None,
    "setup_future_usage": None,
    "shipping": None,
    "source": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "status": "requires_payment_method",
    "transfer_data": None,
    "transfer_group": None,
}


def new_payment_intent(work: Work, **fields: object) -> JsonObject:
    """Make a payment intent that waits for a payment method, and its event."""
    payment_intent = new_object(work, _BLANK, **fields)
    payment_intent["client_secret"] = f"{payment_intent['id']}_{new_id('client_secret')}"
    return work.create(payment_intent, "payment_intent.created")

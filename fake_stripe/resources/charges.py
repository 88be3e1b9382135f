"""Charges: one attempt to move money. https://docs.stripe.com/api/charges"""

from fake_stripe.errors import JsonObject
from fake_stripe.resources.balance_transactions import move_money, processing_fee
from fake_stripe.resources.operations import Params, expandable, operation
from fake_stripe.resources.pagination import equals, list_objects
from fake_stripe.resources.payment_method_shapes import charge_details
from fake_stripe.resources.shapes import changed_metadata, new_object, pick, refuse_others
from fake_stripe.state.ids import new_id
from fake_stripe.work import Work

KIND = "charge"

_BLANK: JsonObject = {
    "object": KIND,
    "amount": 0,
    "amount_captured": 0,
    "amount_refunded": 0,
    "application": None,
    "application_fee": None,
    "application_fee_amount": None,
    "balance_transaction": None,
    "billing_details": {},
    "calculated_statement_descriptor": None,
    "captured": False,
    "created": 0,
    "currency": "usd",
    "customer": None,
    "description": None,
    "disputed": False,
    "failure_balance_transaction": None,
    "failure_code": None,
    "failure_message": None,
    "fraud_details": {},
    "livemode": False,
    "metadata": {},
    "on_behalf_of": None,
    "outcome": None,
    "paid": False,
    "payment_intent": None,
    "payment_method": None,
    "payment_method_details": None,
    "radar_options": {},
    "receipt_email": None,
    "receipt_number": None,
    "receipt_url": None,
    "refunded": False,
    "review": None,
    "shipping": None,
    "source": None,
    "source_transfer": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "status": "pending",
    "transfer_data": None,
    "transfer_group": None,
}
APPROVED: JsonObject = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "risk_score": 12,
    "seller_message": "Payment complete.",
    "type": "authorized",
}
_SHARED = ("amount", "currency", "customer", "description", "metadata", "receipt_email")


def new_charge(
    work: Work,
    payment_intent: JsonObject,
    payment_method: JsonObject,
    event_type: str | None = None,
    **fields: object,
) -> JsonObject:
    """Make a charge for a payment intent; what it shares with the intent is copied, as Stripe does."""
    charge = new_object(
        work,
        _BLANK,
        **{name: payment_intent[name] for name in _SHARED},
        billing_details=payment_method["billing_details"],
        calculated_statement_descriptor=work.settings.merchant_name.upper(),
        payment_intent=payment_intent["id"],
        payment_method=payment_method["id"],
        payment_method_details=charge_details(
            payment_method, payment_intent["amount"], is_declined=fields.get("status") == "failed"
        ),
    )
    if payment_method["type"] != "card":
        charge["id"] = charge["id"].replace("ch_", "py_", 1)  # Stripe's prefix for charges without a card
    return work.create({**charge, **fields}, event_type)


def take_payment(work: Work, charge: JsonObject) -> JsonObject:
    """Let a charge take the money.

    The balance transaction follows in an event of its own, because Stripe captures after it has answered:
    https://docs.stripe.com/payments/payment-intents/asynchronous-capture
    """
    changes = {
        "amount_captured": charge["amount"],
        "captured": True,
        "outcome": APPROVED,
        "paid": True,
        "receipt_url": f"{work.settings.public_url}/receipts/{new_id('client_secret')}",
        "status": "succeeded",
    }
    charge = work.update(charge, changes)
    work.emit("charge.succeeded", charge)
    fee = processing_fee(charge["amount"], charge["currency"])
    movement = move_money(work, "charge", charge, charge["id"], charge["amount"], charge["description"], fee)
    return work.update(charge, {"balance_transaction": movement["id"]}, "charge.updated")


@operation("GET", "/v1/charges/<charge_id>", "ChargeRetrieveParams")
def retrieve_charge(work: Work, params: Params, charge_id: str) -> JsonObject:
    """Return a charge."""
    return work.get(KIND, charge_id, "id", status=404)


@operation("GET", "/v1/charges", "ChargeListParams")
def list_charges(work: Work, params: Params) -> JsonObject:
    """Return a page of charges."""
    refuse_others(params, "created", "customer", "ending_before", "limit", "payment_intent", "starting_after")
    return list_objects(work, KIND, "/v1/charges", params, equals(params, "customer", "payment_intent"))


@operation("POST", "/v1/charges/<charge_id>", "ChargeUpdateParams")
def update_charge(work: Work, params: Params, charge_id: str) -> JsonObject:
    """Change description, receipt address, metadata."""
    refuse_others(params, "description", "receipt_email")
    charge = work.get(KIND, charge_id, "id", status=404)
    changes = pick(params, "description", "receipt_email") | changed_metadata(charge, params)
    return work.update(charge, changes, "charge.updated")


expandable(
    KIND,
    {
        "balance_transaction": "balance_transaction",
        "customer": "customer",
        "payment_intent": "payment_intent",
    },
)

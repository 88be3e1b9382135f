"""Balance transactions: every movement of money, with its fee. https://docs.stripe.com/api/balance_transactions

Types and categories: https://docs.stripe.com/reports/balance-transaction-types and
https://docs.stripe.com/reports/reporting-categories. The fee is the standard one for cards in the United States
(https://stripe.com/pricing); other currencies get the same percentage and no fixed part.
"""

from fake_stripe.errors import JsonObject
from fake_stripe.resources.operations import ANY_KIND, Params, expandable, operation
from fake_stripe.resources.pagination import equals, list_objects
from fake_stripe.resources.shapes import new_object, refuse_others
from fake_stripe.work import Work

KIND = "balance_transaction"
AVAILABLE_AFTER_SECONDS = 2 * 24 * 3600
DISPUTE_FEE = 1500  # https://stripe.com/pricing: fifteen dollars, here in any currency's minor units

_BLANK: JsonObject = {
    "object": KIND,
    "amount": 0,
    "available_on": 0,
    "balance_type": "payments",
    "created": 0,
    "currency": "usd",
    "description": None,
    "exchange_rate": None,
    "fee": 0,
    "fee_details": [],
    "net": 0,
    "reporting_category": "charge",
    "source": None,
    "status": "pending",
    "type": "charge",
}

# Our name for a movement → Stripe's type for cards, its type for other methods, its reporting category.
_TYPES = {
    "charge": ("charge", "payment", "charge"),
    "refund": ("refund", "payment_refund", "refund"),
    "refund_failure": ("refund_failure", "payment_failure_refund", "refund_failure"),
    "dispute": ("adjustment", "adjustment", "dispute"),
    "dispute_reversal": ("adjustment", "adjustment", "dispute_reversal"),
}


def move_money(
    work: Work,
    movement: str,
    charge: JsonObject,
    source_id: str,
    amount: int,
    description: str | None = None,
    fee: int = 0,
) -> JsonObject:
    """Note a movement on a charge's account; `amount` is signed, as seen from our balance, in minor units."""
    card_type, other_type, category = _TYPES[movement]
    is_card = charge["payment_method_details"]["type"] == "card"
    body = new_object(
        work,
        _BLANK,
        amount=amount,
        available_on=work.now + AVAILABLE_AFTER_SECONDS,
        currency=charge["currency"],
        description=description,
        fee=fee,
        fee_details=_fee_details(movement, fee, charge["currency"]),
        net=amount - fee,
        reporting_category=category,
        source=source_id,
        type=card_type if is_card else other_type,
    )
    del body["livemode"]  # the one object of Stripe's without it
    return work.create(body, movement=movement, payment_intent=charge["payment_intent"])


def _fee_details(movement: str, fee: int, currency: str) -> list[JsonObject]:
    if not fee:
        return []
    description = "Stripe processing fees" if movement == "charge" else "Dispute fee"
    shared = {"application": None, "currency": currency, "type": "stripe_fee"}
    return [{"amount": fee, "description": description, **shared}]


def processing_fee(amount: int, currency: str) -> int:
    """Return what Stripe keeps of a payment, in minor units."""
    return round(amount * 29 / 1000) + (30 if currency == "usd" else 0)


@operation("GET", "/v1/balance_transactions/<transaction_id>", "BalanceTransactionRetrieveParams")
def retrieve_balance_transaction(work: Work, params: Params, transaction_id: str) -> JsonObject:
    """Return one movement."""
    return _with_status(work, work.get(KIND, transaction_id, "id", status=404))


@operation("GET", "/v1/balance_transactions", "BalanceTransactionListParams")
def list_balance_transactions(work: Work, params: Params) -> JsonObject:
    """Return a page of movements."""
    refuse_others(params, "created", "currency", "ending_before", "limit", "source", "starting_after", "type")
    page = list_objects(work, KIND, "/v1/balance_transactions", params, equals(params, "currency", "source", "type"))
    return {**page, "data": [_with_status(work, one) for one in page["data"]]}


def _with_status(work: Work, transaction: JsonObject) -> JsonObject:
    """Money is on its way for two days; nobody has to change the object for it to become available."""
    is_available = transaction["available_on"] <= work.now
    return {**transaction, "status": "available" if is_available else "pending"}


expandable(KIND, {"source": ANY_KIND})

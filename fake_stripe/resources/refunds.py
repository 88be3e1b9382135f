"""Refunds as the API has them: https://docs.stripe.com/api/refunds (how they go on: refunding.py)."""

from fake_stripe.errors import JsonObject, StripeError, exclusive_parameters, parameter_error
from fake_stripe.money.currencies import format_money
from fake_stripe.money.refunding import KIND, cancel, course_for, make_refund
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params, expandable, includable, operation
from fake_stripe.resources.pagination import equals, list_objects
from fake_stripe.resources.shapes import changed_metadata, pick, refuse_others
from fake_stripe.work import Work


@operation("POST", "/v1/refunds", "RefundCreateParams")
def create_refund(work: Work, params: Params) -> JsonObject:
    """Refund a charge or a payment intent's charge, all that is left of it unless `amount` says less.

    Raises StripeError for more than is left, for a charge that took no money, and for a disputed one.
    """
    refuse_others(params, "amount", "charge", "payment_intent", "reason")
    return refund_charge(work, params)


def refund_charge(work: Work, params: Params, course: str | None = None) -> JsonObject:
    """Do what the operation does; `course` is one of refunding.COURSES instead of what the test card says."""
    charge = _find_charge(work, params)
    _check_refundable(work, charge)
    amount = _read_amount(params, charge)
    if params.get("reason") == "fraudulent":
        charge = work.update(charge, {"fraud_details": {"user_report": "fraudulent"}})
    fields = pick(params, "reason") | {"metadata": merge_metadata({}, params.get("metadata"))}
    return make_refund(work, charge, amount, course or course_for(work, charge), **fields)


def _find_charge(work: Work, params: Params) -> JsonObject:
    if "charge" in params and "payment_intent" in params:
        raise exclusive_parameters("charge", "payment_intent")
    if "charge" in params:
        return work.get("charge", params["charge"], "id", status=404)  # as if it stood in the address
    if "payment_intent" not in params:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise parameter_error(message)
    intent = work.get("payment_intent", params["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        message = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise StripeError(message, param="payment_intent")
    return work.get("charge", intent["latest_charge"], "charge")


def _check_refundable(work: Work, charge: JsonObject) -> None:
    if not charge["captured"] or charge["status"] != "succeeded":
        message = f"Charge {charge['id']} has not been captured; it can't be refunded."
        raise StripeError(message, code="charge_not_refundable", param="charge")
    if charge["refunded"]:
        message = f"Charge {charge['id']} has already been refunded."
        raise StripeError(message, code="charge_already_refunded")
    disputes = work.store.rows(
        "SELECT json_extract(body, '$.is_charge_refundable') AS is_refundable FROM objects "
        "WHERE kind = 'dispute' AND json_extract(body, '$.charge') = ?",
        (charge["id"],),
    )
    if not all(dispute["is_refundable"] for dispute in disputes):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise StripeError(message, code="charge_disputed")


def _read_amount(params: Params, charge: JsonObject) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    amount = int(params.get("amount", left))
    if amount < 1:
        message = f"This value must be greater than or equal to 1 (it currently is '{amount}')."
        raise parameter_error(message, "amount", "parameter_invalid_integer")
    if amount > left:
        whole = "charge amount" if left == charge["amount"] else "unrefunded amount on charge"
        sent, most = (format_money(one, charge["currency"]) for one in (amount, left))
        raise StripeError(f"Refund amount ({sent}) is greater than {whole} ({most})", param="amount")
    return amount


@operation("GET", "/v1/refunds/<refund_id>", "RefundRetrieveParams")
def retrieve_refund(work: Work, params: Params, refund_id: str) -> JsonObject:
    """Return a refund."""
    return work.get(KIND, refund_id, "id", status=404)


@operation("POST", "/v1/refunds/<refund_id>", "RefundUpdateParams")
def update_refund(work: Work, params: Params, refund_id: str) -> JsonObject:
    """Change the metadata: nothing else of a refund can be changed."""
    refund = work.get(KIND, refund_id, "id", status=404)
    return work.update(refund, changed_metadata(refund, params), "refund.updated", "charge.refund.updated")


@operation("POST", "/v1/refunds/<refund_id>/cancel", "RefundCancelParams")
def cancel_refund(work: Work, params: Params, refund_id: str) -> JsonObject:
    """Cancel a refund that waits for its customer. Raises StripeError in any other state."""
    return cancel(work, work.get(KIND, refund_id, "id", status=404))


@operation("GET", "/v1/refunds", "RefundListParams")
def list_refunds(work: Work, params: Params) -> JsonObject:
    """Return a page of refunds."""
    refuse_others(params, *("charge", "created", "ending_before", "limit", "payment_intent", "starting_after"))
    return list_objects(work, KIND, "/v1/refunds", params, equals(params, "charge", "payment_intent"))


def _refunds_of(work: Work, charge: JsonObject) -> JsonObject:
    url = f"/v1/charges/{charge['id']}/refunds"
    return list_objects(work, KIND, url, {}, equals({"charge": charge["id"]}, "charge"))


expandable(
    KIND,
    {
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "failure_balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
    },
)
includable("charge", "refunds", _refunds_of)

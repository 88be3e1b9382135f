"""Discounts on Checkout: given with the session, or by a promotion code typed on its page.

https://docs.stripe.com/payments/checkout/discounts
"""

from decimal import ROUND_HALF_UP, Decimal

from fake_stripe.errors import JsonObject, StripeError, exclusive_parameters, missing_parameter, parameter_error
from fake_stripe.money.currencies import format_money
from fake_stripe.resources.checkout_blank import KIND as SESSION
from fake_stripe.resources.coupons import with_validity
from fake_stripe.resources.operations import Params, includable
from fake_stripe.resources.promotion_codes import find_active_code, get_promotion_code
from fake_stripe.work import Work

_PARAM = "discounts[0]"


def read_discounts(work: Work, params: Params, currency: str, subtotal: int) -> JsonObject | None:
    """Return the discount of a new session as `{coupon, promotion_code}` ids, None when it has none.

    Raises StripeError for more than one, for one together with a code to be typed, and for what can't be redeemed.
    """
    sent = params.get("discounts") or []
    if not sent:
        return None
    if params.get("allow_promotion_codes"):
        raise exclusive_parameters("allow_promotion_codes", "discounts")
    if len(sent) > 1 or len(sent[0]) > 1:
        raise parameter_error("You may only specify one discount: a coupon or a promotion code.", "discounts")
    if "promotion_code" in sent[0]:
        param = f"{_PARAM}[promotion_code]"
        code = get_promotion_code(work, sent[0]["promotion_code"], param)
        return _check_code(work, code, params.get("customer"), currency, subtotal, param)
    if "coupon" not in sent[0]:
        raise missing_parameter(f"{_PARAM}[coupon]")
    coupon = work.get("coupon", sent[0]["coupon"], f"{_PARAM}[coupon]")
    _check_coupon(work, coupon, currency, f"{_PARAM}[coupon]")
    return {"coupon": coupon["id"], "promotion_code": None}


def _check_coupon(work: Work, coupon: JsonObject, currency: str, param: str) -> None:
    if not with_validity(work, coupon)["valid"]:
        raise StripeError(f"Coupon {coupon['id']} is expired.", code="coupon_expired", param=param)
    if coupon["currency"] not in (None, currency):
        message = f"The coupon {coupon['id']} is in {coupon['currency']}, and this session in {currency}."
        raise StripeError(message, param=param)


def _check_code(
    work: Work, code: JsonObject, customer_id: str | None, currency: str, subtotal: int, param: str
) -> JsonObject:
    rules = code["restrictions"]
    if not code["active"]:
        raise StripeError("This promotion code is not active and cannot be redeemed.", param=param)
    if code["customer"] not in (None, customer_id):
        raise StripeError("This promotion code cannot be redeemed by this customer.", param=param)
    if rules["first_time_transaction"] and _has_paid(work, customer_id):
        message = "This promotion code cannot be redeemed because the associated customer has prior transactions."
        raise StripeError(message, param=param)
    if rules["minimum_amount"] and (rules["minimum_amount_currency"] != currency or subtotal < rules["minimum_amount"]):
        least = format_money(rules["minimum_amount"], rules["minimum_amount_currency"])
        message = f"This promotion code can be redeemed for {least} or more."
        raise StripeError(message, param=param)
    coupon = work.get("coupon", code["promotion"]["coupon"], param)
    _check_coupon(work, coupon, currency, param)
    return {"coupon": coupon["id"], "promotion_code": code["id"]}


def _has_paid(work: Work, customer_id: str | None) -> bool:
    sql = (
        "SELECT 1 FROM objects WHERE kind = 'charge' AND json_extract(body, '$.customer') = ? "
        "AND json_extract(body, '$.status') = 'succeeded' LIMIT 1"
    )
    return bool(customer_id and work.store.rows(sql, (customer_id,)))


def apply_typed_code(work: Work, session: JsonObject, text: str) -> JsonObject:
    """Redeem what was typed on the page for an open session. Raises StripeError, with words for the page."""
    code = find_active_code(work, text) if session["allow_promotion_codes"] else None
    if code is None:
        raise StripeError("This code is invalid.")
    if session["discounts"]:
        raise StripeError("A code is applied already.")
    given = _check_code(
        work, code, session["customer"], session["currency"], session["amount_subtotal"], "promotion_code"
    )
    items = work.private_of(session["id"])["line_items"]
    discounted = discount_items(work, items, given)
    return work.update(session, session_amounts(discounted, given), line_items=discounted, discount=given)


def discount_items(work: Work, items: list[JsonObject], given: JsonObject | None) -> list[JsonObject]:
    """Return the line items with their parts of the discount: in proportion to their amounts, to the last cent."""
    if given is None:
        return items
    coupon = work.store.find(given["coupon"], "coupon")
    assert coupon is not None  # noqa: S101  (checked in this transaction)
    left, rest = _amount_off(coupon.body, items), sum(item["amount_subtotal"] for item in items)
    discounted = []
    for item in items:
        part = _rounded(Decimal(left) * item["amount_subtotal"] / rest) if rest else 0
        left, rest = left - part, rest - item["amount_subtotal"]
        discounted.append({**item, "amount_discount": part, "amount_total": item["amount_subtotal"] - part})
    return discounted


def _amount_off(coupon: JsonObject, items: list[JsonObject]) -> int:
    subtotal = sum(int(item["amount_subtotal"]) for item in items)
    if coupon["amount_off"] is not None:
        return min(int(coupon["amount_off"]), subtotal)
    return _rounded(Decimal(str(coupon["percent_off"])) * subtotal / 100)


def _rounded(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_UP))


def session_amounts(items: list[JsonObject], given: JsonObject | None) -> JsonObject:
    """Return what line items and discount mean for the session; an order without cost needs no payment."""
    total, off = (sum(item[name] for item in items) for name in ("amount_total", "amount_discount"))
    # A discount by promotion code is shown as such, without the coupon behind it.
    shown = {**given, "coupon": None} if given and given["promotion_code"] else given
    return {
        "amount_subtotal": sum(item["amount_subtotal"] for item in items),
        "amount_total": total,
        "discounts": [shown] if shown else [],
        "payment_status": "unpaid" if total else "no_payment_required",
        "total_details": {"amount_discount": off, "amount_shipping": 0, "amount_tax": 0},
    }


def redeem_discounts(work: Work, session: JsonObject) -> None:
    """Count a completed session's discount on its coupon and code. Neither makes an event."""
    given = work.private_of(session["id"]).get("discount")
    for kind, object_id in (given or {}).items():
        stored = work.store.find(object_id, kind) if object_id else None
        if stored and not stored.is_deleted:
            work.update(stored.body, {"times_redeemed": stored.body["times_redeemed"] + 1})


def _breakdown(work: Work, session: JsonObject) -> JsonObject:
    """Return `total_details.breakdown`, which Stripe shows when it is asked for."""
    given = work.private_of(session["id"]).get("discount")
    if not given:
        return {"discounts": [], "taxes": []}
    discount = {
        "id": f"di_{session['id'].removeprefix('cs_test_')[:24]}",
        "object": "discount",
        "checkout_session": session["id"],
        "customer": session["customer"],
        "customer_account": None,
        "end": None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": given["promotion_code"],
        "source": {"coupon": given["coupon"], "type": "coupon"},
        "start": session["created"],
        "subscription": None,
        "subscription_item": None,
    }
    return {"discounts": [{"amount": session["total_details"]["amount_discount"], "discount": discount}], "taxes": []}


includable(SESSION, "total_details.breakdown", _breakdown)

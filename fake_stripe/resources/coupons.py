"""Coupons: what a discount is worth. https://docs.stripe.com/api/coupons"""

from fake_stripe.errors import JsonObject, StripeError, parameter_error
from fake_stripe.money.currencies import check_currency
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params, operation
from fake_stripe.resources.pagination import list_objects
from fake_stripe.resources.shapes import changed_metadata, deleted, new_object, pick, refuse_others
from fake_stripe.work import Work

KIND = "coupon"

_FIELDS = ("amount_off", "currency", "duration", "max_redemptions", "name", "percent_off", "redeem_by")
_BLANK: JsonObject = {
    "object": KIND,
    "amount_off": None,
    "created": 0,
    "currency": None,
    "duration": "once",
    "duration_in_months": None,
    "livemode": False,
    "max_redemptions": None,
    "metadata": {},
    "name": None,
    "percent_off": None,
    "redeem_by": None,
    "times_redeemed": 0,
    "valid": True,
}


@operation("POST", "/v1/coupons", "CouponCreateParams")
def create_coupon(work: Work, params: Params) -> JsonObject:
    """Make a coupon of a percentage or of an amount in one currency; its id may be chosen."""
    refuse_others(params, *_FIELDS, "id")
    _check(work, params)
    fields = pick(params, *_FIELDS, "id")
    if "currency" in fields:
        fields["currency"] = check_currency(fields["currency"], "currency")
    fields["metadata"] = merge_metadata({}, params.get("metadata"))
    return work.create(new_object(work, _BLANK, **fields), "coupon.created")


def _check(work: Work, params: Params) -> None:
    if "percent_off" in params and "amount_off" in params:
        raise parameter_error("Received both percent_off and amount_off parameters. Please pass in only one.")
    if "percent_off" not in params and "amount_off" not in params:
        raise parameter_error("Must provide percent_off or amount_off.", code="parameter_missing")
    if "percent_off" in params and not 0 < params["percent_off"] <= 100:
        raise parameter_error("Invalid percent_off: must be greater than 0 and at most 100.", "percent_off")
    if "amount_off" in params and "currency" not in params:
        raise parameter_error("You must pass currency when passing amount_off", "currency")
    if params.get("amount_off", 1) < 1:
        raise parameter_error("Invalid positive integer", "amount_off", "parameter_invalid_integer")
    if params.get("duration") == "repeating":  # with its months it is refused before: there are no subscriptions
        message = "The duration_in_months param must be set when creating a coupon with a repeating duration"
        raise parameter_error(message, "duration")
    if "redeem_by" in params and params["redeem_by"] <= work.now:
        raise parameter_error("Invalid timestamp: must be in the future", "redeem_by")
    if "id" in params and work.find(KIND, params["id"]):
        raise StripeError("Coupon already exists.", code="resource_already_exists", param="id")


@operation("GET", "/v1/coupons/<coupon_id>", "CouponRetrieveParams")
def retrieve_coupon(work: Work, params: Params, coupon_id: str) -> JsonObject:
    """Return a coupon."""
    return with_validity(work, work.get(KIND, coupon_id, "coupon", status=404))


@operation("POST", "/v1/coupons/<coupon_id>", "CouponUpdateParams")
def update_coupon(work: Work, params: Params, coupon_id: str) -> JsonObject:
    """Change name and metadata; what it is worth never changes."""
    refuse_others(params, "name")
    coupon = work.get(KIND, coupon_id, "coupon", status=404)
    return work.update(coupon, pick(params, "name") | changed_metadata(coupon, params), "coupon.updated")


@operation("DELETE", "/v1/coupons/<coupon_id>", "CouponDeleteParams")
def delete_coupon(work: Work, params: Params, coupon_id: str) -> JsonObject:
    """Delete a coupon: nobody can redeem it any more; discounts given stay."""
    coupon = work.get(KIND, coupon_id, "coupon", status=404)
    work.store.replace(coupon, {}, is_deleted=True)
    work.emit("coupon.deleted", coupon)
    return deleted(coupon)


@operation("GET", "/v1/coupons", "CouponListParams")
def list_coupons(work: Work, params: Params) -> JsonObject:
    """Return a page of coupons."""
    refuse_others(params, "created", "ending_before", "limit", "starting_after")
    page = list_objects(work, KIND, "/v1/coupons", params)
    return {**page, "data": [with_validity(work, one) for one in page["data"]]}


def with_validity(work: Work, coupon: JsonObject) -> JsonObject:
    """Return the coupon with `valid` as it is now: neither used up nor too old."""
    is_used_up = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    is_late = coupon["redeem_by"] is not None and coupon["redeem_by"] <= work.now
    return {**coupon, "valid": not is_used_up and not is_late}

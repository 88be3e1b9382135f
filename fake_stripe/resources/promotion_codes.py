"""Promotion codes: what a customer types to get a coupon. https://docs.stripe.com/api/promotion_codes"""

import re

from fake_stripe.errors import JsonObject, StripeError, missing_parameter, not_in_stand_in, parameter_error
from fake_stripe.resources.coupons import with_validity
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params, expandable, operation
from fake_stripe.resources.pagination import Condition, equals, list_objects
from fake_stripe.resources.shapes import changed_metadata, new_object, pick, refuse_others
from fake_stripe.state.ids import new_id
from fake_stripe.work import Work

KIND = "promotion_code"

EXPIRY_SECONDS_MAX = 5 * 365 * 24 * 3600
_CODE = re.compile(r"[a-zA-Z0-9_-]+")
_FIELDS = ("active", "code", "customer", "expires_at", "max_redemptions")
_BLANK: JsonObject = {
    "object": KIND,
    "active": True,
    "code": "",
    "created": 0,
    "customer": None,
    "customer_account": None,
    "expires_at": None,
    "livemode": False,
    "max_redemptions": None,
    "metadata": {},
    "promotion": {"coupon": None, "type": "coupon"},
    "restrictions": {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None},
    "times_redeemed": 0,
}


@operation("POST", "/v1/promotion_codes", "PromotionCodeCreateParams")
def create_promotion_code(work: Work, params: Params) -> JsonObject:
    """Make a code for a coupon, chosen or random. Raises StripeError when an active one reads the same."""
    refuse_others(params, *_FIELDS, "promotion", "restrictions")
    if "coupon" not in params["promotion"]:
        raise parameter_error("You must pass promotion.coupon when passing promotion", "promotion.coupon")
    work.get("coupon", params["promotion"]["coupon"], "promotion[coupon]")
    if "customer" in params:
        work.get("customer", params["customer"], "customer")
    _check_code(work, params)
    code = params.get("code") or new_id("coupon").upper()
    if find_active_code(work, code):
        raise StripeError(f"An active promotion code with `code: {code}` already exists.")
    fields = pick(params, *_FIELDS) | {"code": code, "metadata": merge_metadata({}, params.get("metadata"))}
    fields["promotion"] = {"coupon": params["promotion"]["coupon"], "type": "coupon"}
    fields["restrictions"] = _restrictions(params.get("restrictions", {}))
    return work.create(new_object(work, _BLANK, **fields), "promotion_code.created")


def _check_code(work: Work, params: Params) -> None:
    code, expires_at = params.get("code", "a"), params.get("expires_at", work.now + 1)
    if not _CODE.fullmatch(code):
        message = (
            f"This value must match the regex pattern. (/\\A[a-zA-Z0-9\\-_]+\\z/ does not match for the value {code})."
        )
        raise parameter_error(message, "code")
    if expires_at <= work.now:
        message = (
            "The parameter `expires_at` expects a unix timestamp representing a date and time in the future. "
            f"You specified the value `{expires_at}` which is in the past."
        )
        raise parameter_error(message, "expires_at")
    if expires_at > work.now + EXPIRY_SECONDS_MAX:
        raise parameter_error("Invalid timestamp: can be no more than five years in the future.", "expires_at")


def _restrictions(sent: Params) -> JsonObject:
    if "currency_options" in sent:
        raise not_in_stand_in("restrictions[currency_options]")
    if ("minimum_amount" in sent) != ("minimum_amount_currency" in sent):
        missing = "minimum_amount" if "minimum_amount_currency" in sent else "minimum_amount_currency"
        raise missing_parameter(f"restrictions[{missing}]")
    return {**_BLANK["restrictions"], **pick(sent, *_BLANK["restrictions"])}


def find_active_code(work: Work, code: str) -> JsonObject | None:
    """Return the promotion code a customer means; capitals don't matter. None when it can't be redeemed now."""
    condition: Condition = ("lower(json_extract(body, '$.code')) = ?", (code.strip().lower(),))
    found = list_objects(work, KIND, "", {}, [condition])["data"]
    return next((one for one in (_with_activity(work, each) for each in found) if one["active"]), None)


def _with_activity(work: Work, promotion_code: JsonObject) -> JsonObject:
    """A code is active only as long as it may be redeemed, and its coupon too."""
    stored = work.find("coupon", promotion_code["promotion"]["coupon"])
    is_valid = stored is not None and not stored.is_deleted and with_validity(work, stored.body)["valid"]
    most, expires_at = promotion_code["max_redemptions"], promotion_code["expires_at"]
    is_used_up = most is not None and promotion_code["times_redeemed"] >= most
    is_late = expires_at is not None and expires_at <= work.now
    return {**promotion_code, "active": promotion_code["active"] and is_valid and not is_used_up and not is_late}


def get_promotion_code(work: Work, promotion_code_id: str, param: str, *, status: int = 400) -> JsonObject:
    """Return a promotion code with its activity as it is now."""
    return _with_activity(work, work.get(KIND, promotion_code_id, param, status=status))


@operation("GET", "/v1/promotion_codes/<promotion_code_id>", "PromotionCodeRetrieveParams")
def retrieve_promotion_code(work: Work, params: Params, promotion_code_id: str) -> JsonObject:
    """Return a promotion code."""
    return get_promotion_code(work, promotion_code_id, "promotion_code", status=404)


@operation("POST", "/v1/promotion_codes/<promotion_code_id>", "PromotionCodeUpdateParams")
def update_promotion_code(work: Work, params: Params, promotion_code_id: str) -> JsonObject:
    """Switch a code on or off, or change its metadata."""
    refuse_others(params, "active")
    promotion_code = work.get(KIND, promotion_code_id, "promotion_code", status=404)
    changes = pick(params, "active") | changed_metadata(promotion_code, params)
    return work.update(promotion_code, changes, "promotion_code.updated")


@operation("GET", "/v1/promotion_codes", "PromotionCodeListParams")
def list_promotion_codes(work: Work, params: Params) -> JsonObject:
    """Return a page of promotion codes; the filter `code` minds no capitals."""
    refuse_others(
        params, *("active", "code", "coupon", "created", "customer", "ending_before", "limit", "starting_after")
    )
    conditions = equals(params, "active", "customer")
    if "code" in params:
        conditions.append(("lower(json_extract(body, '$.code')) = ?", (params["code"].lower(),)))
    if "coupon" in params:
        conditions.append(("json_extract(body, '$.promotion.coupon') = ?", (params["coupon"],)))
    page = list_objects(work, KIND, "/v1/promotion_codes", params, conditions)
    return {**page, "data": [_with_activity(work, one) for one in page["data"]]}


expandable(KIND, {"customer": "customer", "promotion.coupon": "coupon"})

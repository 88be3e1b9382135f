"""Prices: https://docs.stripe.com/api/prices. One-time, per unit; an amount never changes once made."""

from decimal import Decimal

from fake_stripe.errors import JsonObject, exclusive_parameters, missing_parameter, parameter_error
from fake_stripe.money.currencies import AMOUNT_MAX, check_currency
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params, expandable, operation
from fake_stripe.resources.pagination import equals, list_objects, one_of
from fake_stripe.resources.products import new_product
from fake_stripe.resources.shapes import changed_metadata, new_object, pick, refuse_others
from fake_stripe.work import Work

KIND = "price"

_BLANK: JsonObject = {
    "object": KIND,
    "active": True,
    "billing_scheme": "per_unit",
    "created": 0,
    "currency": "usd",
    "custom_unit_amount": None,
    "livemode": False,
    "lookup_key": None,
    "metadata": {},
    "nickname": None,
    "product": "",
    "recurring": None,
    "tax_behavior": "unspecified",
    "tiers_mode": None,
    "transform_quantity": None,
    "type": "one_time",
    "unit_amount": None,
    "unit_amount_decimal": None,
}


@operation("POST", "/v1/prices", "PriceCreateParams")
def create_price(work: Work, params: Params) -> JsonObject:
    """Make a price for a product or, with `product_data`, together with one."""
    refuse_others(params, *_CREATE)
    amounts = read_amounts(params, "")
    product_id = _product_for(work, params)
    fields = pick(params, "active", "nickname", "tax_behavior")
    fields |= {"metadata": merge_metadata({}, params.get("metadata")), "product": product_id, **amounts}
    price = new_object(work, _BLANK, **fields, **_claim_lookup_key(work, params, None))
    return work.create(price, "price.created")


_CREATE = (
    "active",
    "currency",
    "lookup_key",
    "nickname",
    "product",
    "product_data",
    "tax_behavior",
    "transfer_lookup_key",
    "unit_amount",
    "unit_amount_decimal",
)


def new_inline_price(work: Work, price_data: Params, param: str) -> JsonObject:
    """Make the hidden price of a `price_data`: inactive, so that nobody can use it again."""
    refuse_others(
        price_data, "currency", "product", "product_data", "tax_behavior", "unit_amount", "unit_amount_decimal"
    )
    amounts = read_amounts(price_data, param)
    if "product_data" in price_data:
        data = {**price_data["product_data"], "active": False}
        product_id = str(new_product(work, data, event_type=None)["id"])
    else:
        product_id = _existing_product(work, price_data, f"{param}[product]")
    fields = pick(price_data, "tax_behavior")
    return work.create(new_object(work, _BLANK, active=False, product=product_id, **fields, **amounts))


def read_amounts(params: Params, parent: str) -> JsonObject:
    """Return currency and amounts. Raises StripeError for an unknown currency, no amount, or one below zero."""

    def name(field: str) -> str:
        return f"{parent}[{field}]" if parent else field

    currency = check_currency(params["currency"], name("currency"))
    if "unit_amount" in params and "unit_amount_decimal" in params:
        raise exclusive_parameters("unit_amount", "unit_amount_decimal", parent=parent)
    if "unit_amount" not in params and "unit_amount_decimal" not in params:
        if parent:
            raise missing_parameter(name("unit_amount"))
        raise parameter_error("Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.")
    amount = Decimal(params["unit_amount"] if "unit_amount" in params else params["unit_amount_decimal"])
    if amount < 0:
        message = f"Invalid non-negative integer: {amount}"
        raise parameter_error(message, name("unit_amount"), "parameter_invalid_integer")
    if amount > AMOUNT_MAX:
        raise parameter_error(f"Amount must be no more than {AMOUNT_MAX}", name("unit_amount"), "amount_too_large")
    whole = int(amount) if amount == amount.to_integral_value() else None
    return {"currency": currency, "unit_amount": whole, "unit_amount_decimal": f"{amount.normalize():f}"}


def _product_for(work: Work, params: Params) -> str:
    if "product_data" in params and "product" in params:
        raise exclusive_parameters("product", "product_data")
    if "product_data" in params:
        return str(new_product(work, params["product_data"])["id"])
    if "product" not in params:
        raise parameter_error("You must specify either `product` or `product_data` when creating a price.")
    return _existing_product(work, params, "product")


def _existing_product(work: Work, params: Params, param: str) -> str:
    if "product" not in params:
        raise missing_parameter(param)
    return str(work.get("product", params["product"], param)["id"])


def _claim_lookup_key(work: Work, params: Params, own_id: str | None) -> JsonObject:
    """Return the lookup key, taken from the price that has it if `transfer_lookup_key` says so."""
    if "lookup_key" not in params:
        return {}
    key = params["lookup_key"]
    found = list_objects(work, KIND, "", {}, [one_of("lookup_key", [key])])["data"]
    for holder in found:
        if holder["id"] == own_id:
            continue
        if not params.get("transfer_lookup_key"):
            raise parameter_error(f"A price (`{holder['id']}`) already uses that lookup key.", "lookup_key")
        work.update(holder, {"lookup_key": None}, "price.updated")
    return {"lookup_key": key}


@operation("GET", "/v1/prices/<price_id>", "PriceRetrieveParams")
def retrieve_price(work: Work, params: Params, price_id: str) -> JsonObject:
    """Return a price."""
    return work.get(KIND, price_id, "price", status=404)


@operation("POST", "/v1/prices/<price_id>", "PriceUpdateParams")
def update_price(work: Work, params: Params, price_id: str) -> JsonObject:
    """Change what may change: activity, nickname, lookup key, metadata. Never an amount."""
    refuse_others(params, "active", "lookup_key", "nickname", "tax_behavior", "transfer_lookup_key")
    price = work.get(KIND, price_id, "price", status=404)
    changes = pick(params, "active", "nickname", "tax_behavior")
    changes |= changed_metadata(price, params) | _claim_lookup_key(work, params, price_id)
    return work.update(price, changes, "price.updated")


@operation("GET", "/v1/prices", "PriceListParams")
def list_prices(work: Work, params: Params) -> JsonObject:
    """Return a page of prices. Without `active` both active and inactive ones are listed."""
    refuse_others(
        params,
        *("active", "created", "currency", "ending_before", "limit"),
        *("lookup_keys", "product", "starting_after", "type"),
    )
    conditions = equals(params, "active", "currency", "product", "type")
    if "lookup_keys" in params:
        if len(params["lookup_keys"]) > 10:
            raise parameter_error("You may only specify up to 10 lookup keys.", "lookup_keys")
        conditions.append(one_of("lookup_key", params["lookup_keys"]))
    return list_objects(work, KIND, "/v1/prices", params, conditions)


expandable(KIND, {"product": "product"})

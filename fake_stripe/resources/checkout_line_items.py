"""Line items of a Checkout session: a price and how many. https://docs.stripe.com/api/checkout/sessions/line_items"""

from decimal import ROUND_HALF_UP, Decimal

from fake_stripe.errors import JsonObject, exclusive_parameters, missing_parameter, parameter_error
from fake_stripe.resources.operations import Params, expandable, includable, operation
from fake_stripe.resources.prices import new_inline_price
from fake_stripe.state.ids import new_id
from fake_stripe.work import Work

ITEMS_MAX = 100


def build_line_items(work: Work, sent: list[Params]) -> list[JsonObject]:
    """Return the line items of a new session. Raises StripeError for what Stripe would not sell."""
    if len(sent) > ITEMS_MAX:
        raise parameter_error(f"You may only specify up to {ITEMS_MAX} line items.", "line_items")
    items = [_build(work, one, f"line_items[{position}]") for position, one in enumerate(sent)]
    currencies = sorted({item["currency"] for item in items})
    if len(currencies) > 1:
        message = f"All line items must use the same currency; you passed {' and '.join(currencies)}."
        raise parameter_error(message, "line_items")
    return items


def _build(work: Work, sent: Params, param: str) -> JsonObject:
    for name in sent:
        if name not in ("price", "price_data", "quantity"):
            raise parameter_error(f"The local stand-in does not implement `{param}[{name}]`.", f"{param}[{name}]")
    price = _price_of(work, sent, param)
    quantity = _quantity_of(sent, param)
    exact = Decimal(price["unit_amount_decimal"]) * quantity
    amount = int(exact.to_integral_value(ROUND_HALF_UP))
    product = work.find("product", price["product"])
    return {
        "id": new_id("item"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product.body["name"] if product else None,
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def _price_of(work: Work, sent: Params, param: str) -> JsonObject:
    if "price" in sent and "price_data" in sent:
        raise exclusive_parameters("price", "price_data", parent=param)
    if "price_data" in sent:
        return new_inline_price(work, sent["price_data"], f"{param}[price_data]")
    if "price" not in sent:
        raise missing_parameter(f"{param}[price]")
    price = work.get("price", sent["price"], f"{param}[price]")
    if not price["active"]:
        message = "The price specified is inactive. This field only accepts active prices."
        raise parameter_error(message, f"{param}[price]")
    return price


def _quantity_of(sent: Params, param: str) -> int:
    if "quantity" not in sent:
        message = "Quantity is required. Add `quantity` to `" + param + "`"
        raise parameter_error(message, f"{param}[quantity]", "parameter_missing")
    quantity = int(sent["quantity"])
    if quantity < 1:
        message = f"This value must be greater than or equal to 1 (it currently is '{quantity}')."
        raise parameter_error(message, f"{param}[quantity]", "parameter_invalid_integer")
    return quantity


def line_items_of(work: Work, session_id: str) -> list[JsonObject]:
    """Return all line items of a session, with each price as it is now."""
    stored = work.find("checkout.session", session_id)
    items: list[JsonObject] = stored.private["line_items"] if stored else []
    return [{**item, "price": _current_price(work, item["price"])} for item in items]


def _current_price(work: Work, price: JsonObject) -> JsonObject:
    stored = work.find("price", price["id"])
    return stored.body if stored else price


@operation("GET", "/v1/checkout/sessions/<session_id>/line_items", "checkout.SessionLineItemListParams")
def list_line_items(work: Work, params: Params, session_id: str) -> JsonObject:
    """Return a page of a session's line items, in the order of the order."""
    work.get("checkout.session", session_id, "session", status=404)
    items = line_items_of(work, session_id)
    start = next((i + 1 for i, item in enumerate(items) if item["id"] == params.get("starting_after")), 0)
    end = next((i for i, item in enumerate(items) if item["id"] == params.get("ending_before")), len(items))
    return _page(session_id, items[start:end], params.get("limit", 10))


def _included(work: Work, session: JsonObject) -> JsonObject:
    return _page(session["id"], line_items_of(work, session["id"]), 10)


def _page(session_id: str, items: list[JsonObject], limit: int) -> JsonObject:
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return {"object": "list", "data": items[:limit], "has_more": len(items) > limit, "url": url}


expandable("item", {"price.product": "product"})
includable("checkout.session", "line_items", _included)

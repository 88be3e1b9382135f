"""Products: https://docs.stripe.com/api/products."""

from fake_stripe.errors import JsonObject
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params, expandable, operation
from fake_stripe.resources.pagination import equals, list_objects, one_of
from fake_stripe.resources.shapes import changed_metadata, new_object, pick, refuse_others
from fake_stripe.work import Work

KIND = "product"
FIELDS = (
    "active",
    "description",
    "images",
    "name",
    "shippable",
    "statement_descriptor",
    "tax_code",
    "unit_label",
    "url",
)

_BLANK: JsonObject = {
    "object": KIND,
    "active": True,
    "created": 0,
    "default_price": None,
    "description": None,
    "images": [],
    "livemode": False,
    "marketing_features": [],
    "metadata": {},
    "name": "",
    "package_dimensions": None,
    "shippable": None,
    "statement_descriptor": None,
    "tax_code": None,
    "tax_details": None,
    "type": "service",
    "unit_label": None,
    "updated": 0,
    "url": None,
}


def new_product(work: Work, params: Params, event_type: str | None = "product.created") -> JsonObject:
    """Make a product from the parameters of a product or of somebody's `product_data`."""
    fields = {**pick(params, *FIELDS), "metadata": merge_metadata({}, params.get("metadata"))}
    return work.create(new_object(work, _BLANK, updated=work.now, **fields), event_type)


@operation("POST", "/v1/products", "ProductCreateParams")
def create_product(work: Work, params: Params) -> JsonObject:
    """Make a product."""
    refuse_others(params, *FIELDS)
    return new_product(work, params)


@operation("GET", "/v1/products/<product_id>", "ProductRetrieveParams")
def retrieve_product(work: Work, params: Params, product_id: str) -> JsonObject:
    """Return a product."""
    return work.get(KIND, product_id, "id", status=404)


@operation("POST", "/v1/products/<product_id>", "ProductUpdateParams")
def update_product(work: Work, params: Params, product_id: str) -> JsonObject:
    """Change the fields that were sent; metadata is merged. A default price must be one of its own."""
    refuse_others(params, *FIELDS, "default_price")
    product = work.get(KIND, product_id, "id", status=404)
    if "default_price" in params:
        work.get("price", params["default_price"], "default_price")
    changes = {**pick(params, *FIELDS, "default_price"), **changed_metadata(product, params)}
    return work.update(product, {**changes, "updated": work.now}, "product.updated")


@operation("GET", "/v1/products", "ProductListParams")
def list_products(work: Work, params: Params) -> JsonObject:
    """Return a page of products."""
    refuse_others(params, "active", "created", "ending_before", "ids", "limit", "shippable", "starting_after", "url")
    conditions = equals(params, "active", "shippable", "url")
    if "ids" in params:
        conditions.append(one_of("id", params["ids"]))
    return list_objects(work, KIND, "/v1/products", params, conditions)


expandable(KIND, {"default_price": "price", "tax_code": "tax_code"})

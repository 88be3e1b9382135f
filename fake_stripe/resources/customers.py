"""Customers: https://docs.stripe.com/api/customers. Stripe does not deduplicate them by e-mail, nor do we."""

from fake_stripe.errors import JsonObject, StripeError, no_such, not_in_stand_in
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params, expandable, operation
from fake_stripe.resources.pagination import equals, list_objects
from fake_stripe.resources.shapes import changed_metadata, check_email, deleted, new_object, pick, refuse_others
from fake_stripe.state.ids import new_id
from fake_stripe.work import Work

KIND = "customer"
FIELDS = (
    "address",
    "balance",
    "business_name",
    "description",
    "email",
    "individual_name",
    "name",
    "phone",
    "preferred_locales",
    "shipping",
    "tax_exempt",
)

_BLANK: JsonObject = {
    "object": KIND,
    "address": None,
    "balance": 0,
    "created": 0,
    "currency": None,
    "customer_account": None,
    "default_source": None,
    "delinquent": False,
    "description": None,
    "discount": None,
    "email": None,
    "invoice_prefix": None,
    "invoice_settings": {
        "custom_fields": None,
        "default_payment_method": None,
        "footer": None,
        "rendering_options": None,
    },
    "livemode": False,
    "metadata": {},
    "name": None,
    "next_invoice_sequence": 1,
    "phone": None,
    "preferred_locales": [],
    "shipping": None,
    "tax_exempt": "none",
    "test_clock": None,
}


def new_customer(work: Work, **fields: object) -> JsonObject:
    """Make a customer and its event; used by the API and by a Checkout that makes its own customer."""
    prefix = new_id("fingerprint")[:8].upper()
    customer = new_object(work, _BLANK, invoice_prefix=prefix, **fields)
    return work.create(customer, "customer.created")


@operation("POST", "/v1/customers", "CustomerCreateParams")
def create_customer(work: Work, params: Params) -> JsonObject:
    """Make a customer, also when one with this e-mail exists."""
    refuse_others(params, *FIELDS)
    check_email(params.get("email"))
    return new_customer(work, **pick(params, *FIELDS), metadata=merge_metadata({}, params.get("metadata")))


@operation("GET", "/v1/customers/<customer_id>", "CustomerRetrieveParams")
def retrieve_customer(work: Work, params: Params, customer_id: str) -> JsonObject:
    """Return a customer; a deleted one stays retrievable as `deleted: true`."""
    stored = work.find(KIND, customer_id)
    if stored is None:
        raise no_such(KIND, customer_id, "id", status=404)
    return deleted(stored.body) if stored.is_deleted else stored.body


@operation("POST", "/v1/customers/<customer_id>", "CustomerUpdateParams")
def update_customer(work: Work, params: Params, customer_id: str) -> JsonObject:
    """Change the fields that were sent; metadata is merged."""
    refuse_others(params, *FIELDS, "invoice_settings")
    check_email(params.get("email"))
    customer = work.get(KIND, customer_id, "id", status=404)
    changes = {**pick(params, *FIELDS), **changed_metadata(customer, params)}
    if "invoice_settings" in params:
        changes["invoice_settings"] = _invoice_settings(work, customer, params["invoice_settings"])
    return work.update(customer, changes, "customer.updated")


def _invoice_settings(work: Work, customer: JsonObject, sent: Params) -> JsonObject:
    """Only the default payment method: there are no invoices. It must be attached to this customer."""
    for name in sent:
        if name != "default_payment_method":
            raise not_in_stand_in(f"invoice_settings[{name}]")
    changes = pick(sent, "default_payment_method")
    if changes.get("default_payment_method"):
        param = "invoice_settings[default_payment_method]"
        method = work.get("payment_method", changes["default_payment_method"], param)
        if method["customer"] != customer["id"]:
            raise StripeError(f"The customer does not have a payment method with the ID {method['id']}.", param=param)
    return {**customer["invoice_settings"], **changes}


@operation("DELETE", "/v1/customers/<customer_id>", "CustomerDeleteParams")
def delete_customer(work: Work, params: Params, customer_id: str) -> JsonObject:
    """Delete for good: no list shows the customer again, and nothing new can be made for it."""
    customer = work.get(KIND, customer_id, "id", status=404)
    work.store.replace(customer, {}, is_deleted=True)
    work.emit("customer.deleted", customer)
    return deleted(customer)


@operation("GET", "/v1/customers", "CustomerListParams")
def list_customers(work: Work, params: Params) -> JsonObject:
    """Return a page of customers; the e-mail filter is exact and minds upper and lower case."""
    refuse_others(params, "created", "email", "ending_before", "limit", "starting_after")
    return list_objects(work, KIND, "/v1/customers", params, equals(params, "email"))


expandable(
    KIND,
    {
        "default_source": "source",
        "invoice_settings.default_payment_method": "payment_method",
        "test_clock": "test_helpers.test_clock",
    },
)

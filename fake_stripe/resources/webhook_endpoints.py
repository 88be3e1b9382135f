"""Webhook endpoints: where events go. https://docs.stripe.com/api/webhook_endpoints"""

from fake_stripe.errors import JsonObject, not_in_stand_in, parameter_error
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params, operation
from fake_stripe.resources.pagination import list_objects
from fake_stripe.resources.shapes import changed_metadata, check_url, deleted, new_object, pick, refuse_others
from fake_stripe.state.ids import new_id
from fake_stripe.webhooks.signing import api_version
from fake_stripe.work import Work

KIND = "webhook_endpoint"
FORWARDING_ID = "we_1StandInForward"

_BLANK: JsonObject = {
    "object": KIND,
    "api_version": None,
    "application": None,
    "created": 0,
    "description": None,
    "enabled_events": [],
    "livemode": False,
    "metadata": {},
    "status": "enabled",
    "url": "",
}


@operation("POST", "/v1/webhook_endpoints", "WebhookEndpointCreateParams")
def create_webhook_endpoint(work: Work, params: Params) -> JsonObject:
    """Make an endpoint; its secret is shown in this answer and never again.

    Stripe refuses addresses that it can't reach from the internet; the stand-in lives for those on this machine.
    """
    refuse_others(params, "api_version", "description", "enabled_events", "url")
    if params.get("api_version", api_version()) != api_version():
        raise not_in_stand_in(f"api_version={params['api_version']}")  # all events are made in one version
    _check(params)
    fields = pick(params, "api_version", "description", "enabled_events", "url")
    fields["metadata"] = merge_metadata({}, params.get("metadata"))
    secret = new_id("webhook_secret")
    endpoint = work.create(new_object(work, _BLANK, **fields), secret=secret)
    return {**endpoint, "secret": secret}


@operation("GET", "/v1/webhook_endpoints/<endpoint_id>", "WebhookEndpointRetrieveParams")
def retrieve_webhook_endpoint(work: Work, params: Params, endpoint_id: str) -> JsonObject:
    """Return an endpoint, without its secret."""
    return work.get(KIND, endpoint_id, "id", status=404)


@operation("POST", "/v1/webhook_endpoints/<endpoint_id>", "WebhookEndpointUpdateParams")
def update_webhook_endpoint(work: Work, params: Params, endpoint_id: str) -> JsonObject:
    """Change address, events, description, metadata; `disabled` stops and restarts it."""
    endpoint = work.get(KIND, endpoint_id, "id", status=404)
    refuse_others(params, "description", "disabled", "enabled_events", "url")
    _check(params)
    changes = pick(params, "description", "enabled_events", "url") | changed_metadata(endpoint, params)
    if "disabled" in params:
        changes["status"] = "disabled" if params["disabled"] else "enabled"
    if params.get("disabled"):
        _cancel_deliveries(work, endpoint_id)
    return work.update(endpoint, changes)


@operation("DELETE", "/v1/webhook_endpoints/<endpoint_id>", "WebhookEndpointDeleteParams")
def delete_webhook_endpoint(work: Work, params: Params, endpoint_id: str) -> JsonObject:
    """Delete an endpoint; what was still to be delivered to it never is."""
    endpoint = work.get(KIND, endpoint_id, "id", status=404)
    work.store.replace(endpoint, {}, is_deleted=True)
    _cancel_deliveries(work, endpoint_id)
    return deleted(endpoint)


@operation("GET", "/v1/webhook_endpoints", "WebhookEndpointListParams")
def list_webhook_endpoints(work: Work, params: Params) -> JsonObject:
    """Return a page of endpoints."""
    return list_objects(work, KIND, "/v1/webhook_endpoints", params)


def register_forwarding(work: Work, url: str, secret: str) -> None:
    """Send all events to `url`, like `stripe listen --forward-to`. Again with another URL: that one replaces it."""
    check_url(url, "url")
    fields = {"url": url, "enabled_events": ["*"], "status": "enabled"}
    if work.find(KIND, FORWARDING_ID):
        work.update(work.get(KIND, FORWARDING_ID, "id"), fields, secret=secret)
        return
    description = "Registered by --webhook-url when the stand-in was started"
    endpoint = new_object(work, _BLANK, description=description, **fields)
    work.create({**endpoint, "id": FORWARDING_ID}, secret=secret)


def _cancel_deliveries(work: Work, endpoint_id: str) -> None:
    """Stripe stops retrying once an endpoint is disabled or deleted: https://docs.stripe.com/webhooks#retries"""
    work.store.execute(
        "UPDATE deliveries SET status = 'canceled' WHERE endpoint_id = ? AND status = 'pending'", (endpoint_id,)
    )


def _check(params: Params) -> None:
    if "url" in params:
        check_url(params["url"], "url")
    if params.get("enabled_events") == []:
        raise parameter_error("You must specify at least one event.", "enabled_events")

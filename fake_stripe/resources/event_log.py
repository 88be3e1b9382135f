"""Events as the API lists them: https://docs.stripe.com/api/events (how they are made: events.py)."""

from fake_stripe.errors import JsonObject, exclusive_parameters, no_such, parameter_error
from fake_stripe.resources.operations import Params, operation
from fake_stripe.resources.pagination import Condition, equals, list_objects, one_of
from fake_stripe.resources.shapes import refuse_others
from fake_stripe.work import Work

KIND = "event"
KEPT_SECONDS = 30 * 24 * 3600  # "going back up to 30 days": https://docs.stripe.com/api/events/list
TYPES_MAX = 20

_UNDELIVERED = "SELECT 1 FROM deliveries d WHERE d.event_id = objects.id AND d.status NOT IN ('delivered', 'canceled')"


@operation("GET", "/v1/events/<event_id>", "EventRetrieveParams")
def retrieve_event(work: Work, params: Params, event_id: str) -> JsonObject:
    """Return an event; `pending_webhooks` counts the endpoints that have not answered with success yet."""
    return with_pending_webhooks(work, get_event(work, event_id))


def get_event(work: Work, event_id: str) -> JsonObject:
    """Return an event of the last 30 days. Raises StripeError 404: Stripe shows none that is older."""
    event = work.get(KIND, event_id, "id", status=404)
    if event["created"] <= work.now - KEPT_SECONDS:
        raise no_such(KIND, event_id, "id", status=404)
    return event


@operation("GET", "/v1/events", "EventListParams")
def list_events(work: Work, params: Params) -> JsonObject:
    """Return a page of the last 30 days' events."""
    conditions: list[Condition] = [("created > ?", (work.now - KEPT_SECONDS,)), *_type_conditions(params)]
    if "delivery_success" in params:
        conditions.append((f"{'NOT ' if params['delivery_success'] else ''}EXISTS ({_UNDELIVERED})", ()))
    refuse_others(params, *("created", "delivery_success", "ending_before", "limit", "starting_after", "type", "types"))
    page = list_objects(work, KIND, "/v1/events", params, conditions)
    return {**page, "data": [with_pending_webhooks(work, event) for event in page["data"]]}


def _type_conditions(params: Params) -> list[Condition]:
    """`type` may end in a wildcard such as `charge.*`; `types` lists exact names."""
    if "type" in params and "types" in params:
        raise exclusive_parameters("type", "types")
    if "types" in params:
        if len(params["types"]) > TYPES_MAX:
            raise parameter_error(f"You may only specify up to {TYPES_MAX} event types.", "types")
        return [one_of("type", params["types"])]
    if params.get("type", "").endswith("*"):
        return [("json_extract(body, '$.type') GLOB ?", (params["type"].replace("[", "[[]"),))]
    return equals(params, "type")


def with_pending_webhooks(work: Work, event: JsonObject) -> JsonObject:
    """Return the event with today's number of deliveries that are still to succeed."""
    rows = work.store.rows(
        "SELECT count(*) FROM deliveries WHERE event_id = ? AND status NOT IN ('delivered', 'canceled')",
        (event["id"],),
    )
    return {**event, "pending_webhooks": rows[0][0]}

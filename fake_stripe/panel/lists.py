"""The lists: sessions, payments, refunds, disputes, events; newest first, cut by cursors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Response, request

from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.panel.pages import page, shown_at
from fake_stripe.panel.rows import (
    Row,
    dispute_rows,
    event_rows,
    payment_rows,
    refund_rows,
    session_rows,
)
from fake_stripe.resources.pagination import list_objects
from fake_stripe.stand_in import StandIn, current_stand_in
from fake_stripe.state.store import Store

LINES_PER_PAGE = 25


@dataclass(frozen=True)
class List:
    """One of the lists; `name` is its place in the address."""

    name: str
    title: str
    kind: str
    to_rows: Callable[[Store, Sequence[JsonObject]], list[Row]]
    empty: str


LISTS = {
    one.name: one
    for one in (
        List("sessions", "Checkout sessions", "checkout.session", session_rows, "The app has made no session yet."),
        List("payments", "Payments", "payment_intent", payment_rows, "Nobody has tried to pay yet."),
        List("refunds", "Refunds", "refund", refund_rows, "Nothing was refunded."),
        List("disputes", "Disputes", "dispute", dispute_rows, "No payment was contested."),
        List("events", "Events", "event", event_rows, "Nothing has happened yet."),
    )
}


@dataclass(frozen=True)
class Lines:
    """One page of a list, and the cursors to its neighbors, None where there is none."""

    rows: list[Row]
    newer: str | None
    older: str | None


@shown_at("/<any(sessions, payments, refunds, disputes, events):name>")
def show_list(name: str) -> Response:
    """Show a page of a list; `?after=` an id shows older ones, `?before=` newer ones. An unknown id is refused."""
    cursors = {"after": "starting_after", "before": "ending_before"}
    params: JsonObject = {cursors[key]: value for key, value in request.args.items() if key in cursors}
    lines = read_lines(current_stand_in(), LISTS[name], params, LINES_PER_PAGE)
    return page("list.html", list=LISTS[name], lines=lines)


def read_lines(stand_in: StandIn, shown: List, params: JsonObject, limit: int) -> Lines:
    """Read a page of a list as the API does. Raises StripeError 404 for a cursor that names nothing."""
    try:
        found = list_objects(stand_in.work(), shown.kind, "", {**params, "limit": limit})
    except StripeError as error:
        raise StripeError(error.message, status=404) from error
    bodies = found["data"]
    is_backwards = "ending_before" in params
    has_newer = found["has_more"] if is_backwards else "starting_after" in params
    has_older = is_backwards or found["has_more"]
    return Lines(
        shown.to_rows(stand_in.store, bodies),
        bodies[0]["id"] if bodies and has_newer else None,
        bodies[-1]["id"] if bodies and has_older else None,
    )

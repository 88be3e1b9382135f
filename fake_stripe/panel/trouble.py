"""Faults still to happen, and the log of API requests."""

from flask import Response, request

from fake_stripe.checks.faults import KINDS, MOMENTS
from fake_stripe.panel.pages import page, shown_at
from fake_stripe.resources.operations import OPERATIONS
from fake_stripe.stand_in import current_stand_in

ENTRIES_PER_PAGE = 50


@shown_at("/faults")
def show_faults() -> Response:
    """Show the faults that are ordered, and the form for more."""
    return page(
        "faults.html",
        faults=current_stand_in().faults.list_armed(),
        operations=sorted((one.name for one in OPERATIONS), key=lambda name: name.split()[::-1]),
        kinds=KINDS,
        moments=MOMENTS,
    )


@shown_at("/requests")
def show_requests() -> Response:
    """Show the last API requests, newest first; `?after=` a request's id shows older ones."""
    entries = current_stand_in().request_log.to_list()[::-1]
    after = request.args.get("after")
    begin = next((place + 1 for place, entry in enumerate(entries) if entry["request_id"] == after), 0)
    shown = entries[begin : begin + ENTRIES_PER_PAGE]
    has_older = len(entries) > begin + ENTRIES_PER_PAGE
    return page(
        "requests.html", entries=shown, is_first=begin == 0, older=shown[-1]["request_id"] if has_older else None
    )

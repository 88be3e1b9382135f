"""/admin/search: leads straight to what is found."""

from typing import Any

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from payapp.admin.blueprint import blueprint, show
from payapp.extensions import db
from payapp.staff.searching import Hit, search

PAGES = {
    "user": ("admin.show_user", "user_id"),
    "purchase": ("admin.show_purchase", "purchase_id"),
    "event": ("admin.show_event", "event_id"),
    "api-key": ("admin.show_api_key", "prefix"),
}


@blueprint.get("/search")
def show_search() -> Response | BaseResponse:
    """Lead to the one hit, or list the hits where there are none or several."""
    query = request.args.get("q", "")
    hits = search(db.session(), query)
    if len(hits) == 1:
        return redirect(_address(hits[0]), 303)
    return show("search.html", query=query, hits=[(hit, _address(hit)) for hit in hits])


def _address(hit: Hit) -> str:
    endpoint, argument = PAGES[hit.kind]
    values: dict[str, Any] = {argument: hit.id}
    return url_for(endpoint, **values)

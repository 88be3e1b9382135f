"""The HX- headers we read and send, in one place."""

from flask import Response, request


def is_htmx() -> bool:
    """Whether htmx asks, so that a partial is the right answer. Boosted and history requests want whole pages."""
    headers = request.headers
    return "HX-Request" in headers and "HX-Boosted" not in headers and "HX-History-Restore-Request" not in headers


def redirect_htmx(url: str) -> Response:
    """Send the whole page to `url`: htmx follows this header, where it could not follow a 303 to another origin."""
    return Response(status=200, headers={"HX-Redirect": url})

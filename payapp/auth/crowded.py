"""What is told to one too many of those who wait for their turn to have a password hashed (hashing.py)."""

from flask import Response

from payapp.auth.hashing import TRY_AGAIN_SECONDS

CROWDED = "Very many people are coming in just now. Please try again in a few seconds."


def try_again(html: str) -> Response:
    """Return the page with its form, still filled in, as a 503. Nothing was tried, so nothing is counted."""
    response = Response(html, 503, mimetype="text/html")
    response.headers["Retry-After"] = str(TRY_AGAIN_SECONDS)
    return response

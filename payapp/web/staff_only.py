"""The desk of staff at /admin: nobody else learns that anything is there, whatever they ask for below it."""

from flask import abort, request
from flask_login import current_user
from werkzeug.wrappers import Response

from payapp.extensions import login_manager

DESK = "/admin"


def is_for_staff(path: str) -> bool:
    """Whether the address is the desk's, existing or not. Slashes in front count once: routing would take them away."""
    first = f"/{path.lstrip('/')}/"
    return first.startswith(f"{DESK}/")


def keep_others_out() -> Response | None:
    """Ask strangers to log in, and tell everybody who is not staff that there is no such page.

    Before the route is looked for and a token asked after: neither a redirect, a 405 nor a 400 tells what is there.
    """
    if not is_for_staff(request.path):
        return None
    if not current_user.is_authenticated:
        refusal: Response = login_manager.unauthorized()
        return refusal
    if not current_user.is_staff:
        abort(404)
    return None

"""The blueprint of the desk, and what its pages share. Who may enter: staff; for all others it is not there."""

from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request
from flask_login import current_user

from payapp.admin.forms import ActForm
from payapp.audit import Actor, Reason
from payapp.auth.factors.requiring import factor_required
from payapp.database.paging import Place
from payapp.extensions import db
from payapp.staff.user_story import UserView, find_user_view
from payapp.web.input_guards import ROW_ID_MAX
from payapp.web.staff_only import DESK, keep_others_out

ACCESS = "staff"
PAGE_LENGTH = 50

blueprint = Blueprint("admin", __name__, url_prefix=DESK)
blueprint.before_request(keep_others_out)


@blueprint.before_request
@factor_required
def require_factor() -> None:
    """In production staff show a second factor. What moves money asks for a recent login as well: see the pages."""


def number_asked(name: str) -> int | None:
    """Return a number from the address; None for anything that no row can have as its id."""
    text = request.args.get(name, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(ROW_ID_MAX)):
        return None
    number = int(text)
    return number if number <= ROW_ID_MAX else None


def place_asked(limit: int = PAGE_LENGTH) -> Place:
    """Return which page of a long list the address asks for."""
    return Place(number_asked("before"), limit)


def reason_in(form: ActForm) -> Reason:
    """Return who acts, and why, from a form that is valid."""
    return Reason(Actor(current_user.id), form.note.data)


def get_user(user_id: int) -> UserView:
    """Return the user the page is about. Ends the request with a 404 when there is none."""
    return find_user_view(db.session(), user_id) or abort(404)


def show(template: str, *, status: int = 200, **context: Any) -> Response:
    """Render a page of the desk."""
    return make_response(render_template(f"admin/{template}", **context), status)

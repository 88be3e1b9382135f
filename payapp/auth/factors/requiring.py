"""What staff do asks for a login in which a second factor was shown."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import flash, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from payapp.auth.factors.owned import has_factor
from payapp.extensions import db
from payapp.web.errors import problem, wants_json
from payapp.web.htmx import is_htmx, redirect_htmx
from payapp.web.services import get_settings

Params = ParamSpec("Params")
Answer = TypeVar("Answer")


def factor_required(view: Callable[Params, Answer]) -> Callable[Params, Answer | Response]:
    """Let a view be reached, in production, only in a login with a second factor; in development in any.

    It stands below the guard that asks who is logged in. Others are led to the page on which a factor is set up, by a
    303, for htmx by HX-Redirect; programs are told 403 with the code `factor_required`.
    """

    @wraps(view)
    def guarded(*args: Params.args, **kwargs: Params.kwargs) -> Answer | Response:
        return _ask_for_factor() if lacks_factor() else view(*args, **kwargs)

    return guarded


def lacks_factor() -> bool:
    """Whether the logged-in user has to show a second factor first: for a blueprint's before_request."""
    return get_settings().is_production and current_user.login.factor_at is None


def _ask_for_factor() -> Response:
    if wants_json():
        return problem(403, "factor_required", "This needs a login with a second factor")
    if has_factor(db.session(), current_user.id):
        flash("This needs your second factor. Log out, and in again with it.", "warn")
    else:
        flash("This needs a second factor. Set one up here first.", "warn")
    target = url_for("factors.show_factors")
    if is_htmx():
        response = redirect_htmx(target)
        response.status_code = 403
        return response
    return redirect(target, 303)

"""Freshness: what is worth stealing asks for a login of the last quarter of an hour, not for a browser left open.

    @blueprint.post("/dashboard/something")
    @recent_login_required
    def do_something() -> Response: …

Nothing is done without it: the person is asked for the password (`routes.py`) and led back to the page of the form.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from payapp.database.clock import utc_now
from payapp.web.errors import problem, wants_json
from payapp.web.htmx import is_htmx, redirect_htmx
from payapp.web.own_paths import page_before

RECENT = timedelta(minutes=15)

Params = ParamSpec("Params")
Answer = TypeVar("Answer")


def recent_login_required(view: Callable[Params, Answer]) -> Callable[Params, Answer | Response]:
    """Let a view be reached only by who has proved in this browser, within RECENT, who they are.

    Others are asked for their password: by a 303 to /login/again, for htmx by HX-Redirect, and programs are told 403
    with the code `recent_login_required`. Strangers are asked to log in.
    """

    @wraps(view)
    def guarded(*args: Params.args, **kwargs: Params.kwargs) -> Answer | Response:
        if not current_user.is_authenticated:
            answer: Response = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
            return answer
        return view(*args, **kwargs) if has_recent_login() else ask_again()

    return guarded


def has_recent_login() -> bool:
    """Whether the logged-in user has proved within RECENT, in this browser, who they are."""
    is_recent: bool = utc_now() - current_user.login.authenticated_at < RECENT
    return is_recent


def ask_again(back: str | None = None) -> Response:
    """Lead to /login/again, and afterwards to `back`; by itself to the page asked for, or the one the form was on.

    A form is not sent again by itself.
    """
    if wants_json():
        title = "Please confirm that it is you"
        detail = f"This needs a login of the last {RECENT.seconds // 60} minutes. Log in again at /login/again."
        return problem(403, "recent_login_required", title, detail)
    is_page = request.method in ("GET", "HEAD") and not is_htmx()
    before = back or (request.full_path.rstrip("?") if is_page else page_before())
    target = url_for("freshness.log_in_again", next=before)
    if is_htmx():
        response = redirect_htmx(target)
        response.status_code = 403
        return response
    return redirect(target, 303)

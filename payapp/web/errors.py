"""What a person sees when something is refused or goes wrong: one shell, one line of what happened, one way out."""

import logging
from typing import Any
from uuid import uuid4

from flask import Flask, Response, current_app, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError
from werkzeug.wrappers import Response as BaseResponse

from payapp.extensions import db, login_manager
from payapp.ledger.errors import HoldNotOpenError, TooManyHoldsError
from payapp.web.htmx import is_htmx, redirect_htmx
from payapp.web.own_paths import loggable_path, page_before
from payapp.web.problem_kinds import PROBLEMS
from payapp.web.sessions import is_for_people
from payapp.web.trusted_hosts import note_refused_name

log = logging.getLogger(__name__)

# Not answering, hanging up, or (the pool) too busy to let one more in.
DATABASE_DOWN = (OperationalError, InterfaceError, PoolTimeoutError)

# Blueprints whose forms need no login. Those of mailed links stand at the address that they are sent to, which a
# browser does not name as where it came from.
FOR_STRANGERS = ("auth", "by_mail")

# status → (title, message)
PAGES = {
    400: (
        "That did not work",
        "The request could not be understood. Go back, reload the page and try again.",
    ),
    401: ("Please log in", "You need to be logged in to see this page."),
    403: ("Not allowed", "You do not have access to this page."),
    404: ("Page not found", "There is nothing at this address, or it is not yours to see."),
    405: ("That did not work", "This address does not take that kind of request."),
    413: ("That is too large", "What you sent is larger than this page accepts."),
    415: ("That did not work", "This address does not take that kind of content."),
    429: ("Too many tries", "Please wait a little and try again."),
    503: (
        "Not available right now",
        "Something we depend on is down. Nothing was lost; try again in a minute.",
    ),
}


def init_app(app: Flask) -> None:
    """Register the handlers for everything that is raised and not handled nearer its cause."""
    app.register_error_handler(CSRFError, refuse_without_token)
    app.register_error_handler(TooManyHoldsError, _on_too_many_holds)
    app.register_error_handler(HoldNotOpenError, _on_hold_not_open)
    app.register_error_handler(HTTPException, _on_http_exception)
    for error_type in DATABASE_DOWN:
        app.register_error_handler(error_type, _on_database_down)
    app.register_error_handler(500, _on_crash)
    app.log_exception = _log_crash  # type: ignore[method-assign]
    login_manager.unauthorized_handler(_on_unauthorized)


# What the HTTP API calls them; title and sentence stand in PROBLEMS.
API_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}


def is_api() -> bool:
    """Whether the address is one of the HTTP API's, existing or not: there everybody is a program."""
    return request.path.startswith("/api/v1/")


def wants_json() -> bool:
    """Whether the caller is a program: it uses the API, sent JSON, or asks for JSON rather than HTML."""
    if is_api():
        return True
    kinds = ["text/html", "application/json", "application/problem+json"]
    return request.is_json or request.accept_mimetypes.best_match(kinds) in kinds[1:]


def problem(status: int, code: str, title: str, detail: str = "") -> Response:
    """Return an RFC 9457 problem document with a stable `code`."""
    body = {"type": "about:blank", "status": status, "title": title, "code": code, "detail": detail or title}
    response = jsonify(body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def _on_http_exception(error: HTTPException) -> BaseResponse:
    """Keep the exception's own status and headers (Allow, Retry-After), with our page as its body."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()
    title, message = PAGES.get(status, (error.name, error.description or ""))
    if isinstance(error, SecurityError):
        note_refused_name(request.environ.get("HTTP_HOST", ""))
        if not wants_json():
            return Response(message, status, mimetype="text/plain")  # no address can be built for a host we don't trust
    response = _render(status, title, message)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def refuse_without_token(error: CSRFError) -> BaseResponse:
    """Lead back to the page of the form, which has a fresh token; nothing of what was asked for is done.

    A visitor whom nobody knows can't have a token yet: where a login is needed, that comes first.
    """
    if request.blueprint not in FOR_STRANGERS and not current_user.is_authenticated:
        return _on_unauthorized()
    message = "Nothing was done. Go back to the page and send it again."
    back = request.path if request.blueprint == "by_mail" else page_before()
    return _render(400, "This page was open for too long", message, "csrf_failed", back=back)


def _on_too_many_holds(_error: TooManyHoldsError) -> BaseResponse:
    """A page was asked for work while a hundred others are under way for the same account."""
    return _render(409, "Too much at once", "Wait until some of what is under way has ended, and try again.")


def _on_hold_not_open(error: HoldNotOpenError) -> BaseResponse:
    """Work was done, but its hold had ended before: it is given up. Most likely it takes longer than its hold lasts."""
    log.error("work at %s is not handed out: %s", loggable_path(), error, exc_info=error)
    title = "This took too long" if error.status == "expired" else "This was not finished"
    charged = "Your activity shows what was used." if error.status == "captured" else "Nothing was charged; try again."
    message = f"The credits set aside for this were no longer there when it was done, so it was given up. {charged}"
    return _render(409, title, message, "hold_not_open")


def _on_unauthorized() -> BaseResponse:
    """Send people to the login page and back afterwards; programs and htmx get a 401."""
    if wants_json():
        return problem(401, "login_required", "Please log in")
    back = request.full_path.rstrip("?") if request.method == "GET" and not is_htmx() else page_before()
    target = url_for("auth.log_in", next=back)
    if is_htmx():
        response = redirect_htmx(target)
        response.status_code = 401
        return response
    return redirect(target, 303)


def _on_database_down(error: Exception) -> Response:
    db.session.rollback()
    log.error("the database failed at %s: %s", loggable_path(), error)
    response = _render_static(503, "database_unavailable")
    response.headers["Retry-After"] = "30"
    return response


def _log_crash(exc_info: Any) -> None:
    """As Flask would, but for the address: a token in it is a secret."""
    log.error("exception at %s [%s]", loggable_path(), request.method, exc_info=exc_info)


def _on_crash(error: InternalServerError) -> Response:
    """A bug. Flask has logged it; the reference in the page and in the log is the same."""
    cause = error.original_exception
    if isinstance(cause, DATABASE_DOWN):
        return _on_database_down(cause)  # it failed while another error's page was made for a logged-in person
    reference = uuid4().hex[:12]
    log.error("that was error %s at %s", reference, loggable_path())
    return _render_static(500, "internal_error", reference)


def _render(status: int, title: str, message: str, code: str | None = None, back: str | None = None) -> Response:
    if is_api() and code is None and status in API_CODES:
        return _refuse_program(API_CODES[status])
    if wants_json():
        return problem(status, code or f"http_{status}", title, message)
    if not is_for_people(request.path):
        return _render_static(status, f"http_{status}")
    has_user = bool(current_user and current_user.is_authenticated)
    way_out = url_for("credits.show_credits") if has_user else url_for("landing.show_landing")
    html = render_template(
        "errors/error.html",
        status=status,
        title=title,
        message=message,
        action_url=back or way_out,
        action_label="Back to the page" if back else "Back to credits" if has_user else "Back to the start",
    )
    return Response(html, status)


def _refuse_program(code: str) -> Response:
    kind = PROBLEMS[code]
    return problem(kind.status, code, kind.title, kind.sentence)


def _render_static(status: int, code: str, reference: str | None = None) -> Response:
    """Answer without the database: neither the user nor a session is loaded."""
    if is_api() and code in PROBLEMS:
        return _refuse_program(code)
    title, message = PAGES.get(status, ("Something went wrong", "This is our fault. Nothing was lost."))
    if wants_json():
        return problem(status, code, title, f"{message} Reference: {reference}" if reference else message)
    # Not render_template(): for every page it also loads the user.
    template = current_app.jinja_env.get_template("errors/500.html")
    html = template.render(request=request, status=status, title=title, message=message, reference=reference)
    return Response(html, status)

"""/login/again: proving once more who one is, before what is worth stealing. Who may enter: logged-in users."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user, login_required, login_user
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from payapp.auth.crowded import CROWDED, try_again
from payapp.auth.freshness.forms import LogInAgainForm
from payapp.auth.hashing import CrowdedError, waiting_room
from payapp.auth.login_sessions import find_logged_in, renew_login
from payapp.auth.password_tries import check_password
from payapp.extensions import db
from payapp.web.own_paths import own_path

ACCESS = "logged-in users"
blueprint = Blueprint("freshness", __name__)


@blueprint.route("/login/again", methods=["GET", "POST"])
@login_required
def log_in_again() -> Response | str | tuple[str, int]:
    """Ask for the password, and lead back to `next`. Wrong ones are counted as at the login."""
    user_id, email, login_id = current_user.id, current_user.email, current_user.login.id
    form = LogInAgainForm()
    if not form.validate_on_submit():
        return _page(form, 422 if form.is_submitted() else 200)
    try:
        with waiting_room():
            user = check_password(email, form.password.data)
    except CrowdedError:
        form.password.errors = [CROWDED]
        return _page(form, 503)
    if user is None or user.id != user_id:
        form.password.errors = ["The password is wrong."]
        return _page(form, 422)
    renew(login_id)
    return redirect(_next(), 303)


def renew(login_id: int) -> None:
    """Give this browser's login a new secret, and count it as new: a copied cookie dies. Commits.

    Raises Unauthorized (401) when the login has ended meanwhile: what the caller has written is then rolled back.
    """
    session = db.session()
    token = renew_login(session, login_id)
    user = find_logged_in(session, token) if token else None
    if user is None:
        session.rollback()
        raise Unauthorized
    session.commit()
    login_user(user)


def _page(form: LogInAgainForm, status: int) -> Response:
    html = render_template("auth/log_in_again.html", form=form, next=_next())
    return try_again(html) if status == 503 else Response(html, status, mimetype="text/html")


def _next() -> str:
    """Return the path the person was going to; never one of another site, nor this page itself."""
    path = own_path(request.args.get("next", ""))
    return path if path and not path.startswith("/login") else url_for("credits.show_credits")

"""The page of API keys. Who may enter: logged-in users, each about their own keys."""

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as BaseResponse

from payapp.auth.api_keys import (
    NewApiKey,
    UnknownApiKeyError,
    create_api_key,
    list_api_keys,
    revoke_api_key,
    rotate_api_key,
)
from payapp.auth.api_keys.forms import ApiKeyForm
from payapp.auth.freshness import recent_login_required
from payapp.extensions import db

ACCESS = "logged-in users"
blueprint = Blueprint("api_keys", __name__, url_prefix="/dashboard/api-keys")


@blueprint.before_request
@login_required
def require_login() -> None:
    """Keys are made for the logged-in user's own account."""


@blueprint.get("")
def show_api_keys() -> Response:
    """The user's keys, and the form for another."""
    return _page(ApiKeyForm())


@blueprint.post("")
@recent_login_required
def create() -> Response:
    """Make a key and show its secret, once: this answer is the only place where it ever stands.

    So there is no redirect here. A page to come back to would need the secret in the cookie or in the database.
    """
    user_id = current_user.id
    form = ApiKeyForm()
    if not form.validate_on_submit():
        return _page(form, status=422)
    new = create_api_key(db.session(), user_id, form.name.data, form.scope.data)
    db.session.commit()
    return _page(ApiKeyForm(formdata=None), new)


@blueprint.post("/<int:key_id>/rotate")
@recent_login_required
def rotate(key_id: int) -> Response:
    """Make a key beside this one, and show its secret, once. The old one works until it is revoked."""
    user_id = current_user.id
    try:
        new = rotate_api_key(db.session(), user_id, key_id)
    except UnknownApiKeyError:
        abort(404)
    db.session.commit()
    return _page(ApiKeyForm(formdata=None), new)


@blueprint.post("/<int:key_id>/revoke")
@recent_login_required
def revoke(key_id: int) -> BaseResponse:
    """End the key, everywhere and at once."""
    try:
        prefix = revoke_api_key(db.session(), current_user.id, key_id)
    except UnknownApiKeyError:
        abort(404)
    db.session.commit()
    flash(f"The key {prefix} is revoked.", "ok")
    return redirect(url_for("api_keys.show_api_keys"), 303)


def _page(form: ApiKeyForm, new: NewApiKey | None = None, status: int = 200) -> Response:
    keys = [key for key in list_api_keys(db.session(), current_user.id) if key.revoked_at is None]
    response = make_response(render_template("api_keys/api_keys.html", form=form, keys=keys, new=new), status)
    response.headers["Cache-Control"] = "no-store"
    return response

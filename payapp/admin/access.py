"""/admin/users/…/access: a user is disabled, or enabled again."""

from flask import Response, flash, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from payapp.admin.blueprint import blueprint, get_user, reason_in, show
from payapp.admin.forms import ActForm
from payapp.extensions import db
from payapp.staff.users import disable_user, enable_user


@blueprint.get("/users/<int:user_id>/access")
def show_access(user_id: int) -> Response:
    """What disabling or enabling means, and the form for it."""
    return _page(user_id, ActForm())


@blueprint.post("/users/<int:user_id>/disable")
def disable(user_id: int) -> Response | BaseResponse:
    """End the user's logins and refuse their keys, from this commit on."""
    if user_id == current_user.id:
        flash("You can't disable yourself: nobody might be left to enable you.", "bad")
        return redirect(url_for("admin.show_user", user_id=user_id), 303)
    return _change(user_id, is_to_disable=True)


@blueprint.post("/users/<int:user_id>/enable")
def enable(user_id: int) -> Response | BaseResponse:
    """Let the user in again."""
    return _change(user_id, is_to_disable=False)


def _change(user_id: int, *, is_to_disable: bool) -> Response | BaseResponse:
    form = ActForm()
    if not form.validate_on_submit():
        return _page(user_id, form)
    email, change = get_user(user_id).email, disable_user if is_to_disable else enable_user
    has_changed = change(db.session(), reason_in(form), user_id)
    db.session.commit()
    state = "disabled" if is_to_disable else "enabled"
    flash(f"{email} is {state}." if has_changed else f"{email} was {state} already.", "ok" if has_changed else "info")
    return redirect(url_for("admin.show_user", user_id=user_id), 303)


def _page(user_id: int, form: ActForm) -> Response:
    return show("access.html", user=get_user(user_id), form=form, status=422 if form.is_submitted() else 200)

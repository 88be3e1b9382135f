"""/admin/api-keys: the service keys, any key by its prefix, and its end."""

from flask import Response, abort, flash, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from payapp.admin.blueprint import blueprint, get_user, place_asked, reason_in, show
from payapp.admin.forms import ActForm
from payapp.auth.api_keys import UnknownApiKeyError
from payapp.extensions import db
from payapp.staff.api_keys import find_key, list_service_keys, revoke_key


@blueprint.get("/api-keys")
def show_service_keys() -> Response:
    """The keys of services, newest first. Users' keys stand on their users' pages."""
    return show("service_keys.html", found=list_service_keys(db.session(), place_asked()))


@blueprint.get("/api-keys/<prefix>")
def show_api_key(prefix: str) -> Response:
    """One key, whose it is, and the form to end it."""
    return _page(prefix, ActForm())


@blueprint.post("/api-keys/<prefix>/revoke")
def revoke_api_key(prefix: str) -> Response | BaseResponse:
    """End the key, everywhere and at once."""
    form = ActForm()
    if not form.validate_on_submit():
        return _page(prefix, form)
    try:
        revoke_key(db.session(), reason_in(form), prefix)
    except UnknownApiKeyError:
        if find_key(db.session(), prefix) is None:
            abort(404)
        flash(f"The key {prefix} was revoked before.", "info")
    else:
        db.session.commit()
        flash(f"The key {prefix} is revoked.", "ok")
    return redirect(url_for("admin.show_api_key", prefix=prefix), 303)


def _page(prefix: str, form: ActForm) -> Response:
    found = find_key(db.session(), prefix)
    if found is None:
        abort(404)
    key, owner_id = found
    owner = None if owner_id is None else get_user(owner_id)
    return show("api_key.html", key=key, owner=owner, form=form, status=422 if form.is_submitted() else 200)

"""The page of second factors. Who may enter: logged-in users, each about their own; changes need a recent login."""

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as BaseResponse

from payapp.auth.accounts import lock_user
from payapp.auth.factors.ceremonies import (
    PasskeyRefusedError,
    TooManyPasskeysError,
    ask_for_new_passkey,
    register_passkey,
)
from payapp.auth.factors.drawing import draw_for_app
from payapp.auth.factors.forms import ConfirmAppForm, NewPasskeyForm
from payapp.auth.factors.of_app import get_sealer, get_site
from payapp.auth.factors.owned import has_factor, list_factors, settle_new_factor, settle_removed_factor
from payapp.auth.factors.passkeys import PASSKEYS_MAX, remove_passkey
from payapp.auth.factors.recovery_codes import make_recovery_codes
from payapp.auth.factors.totp import begin_totp, confirm_totp, find_new_secret, remove_totp
from payapp.auth.freshness import recent_login_required
from payapp.auth.login_sessions import find_logged_in
from payapp.auth.models import LoggedInUser
from payapp.extensions import db
from payapp.web.mailing import call_mailer, order_mail

ACCESS = "logged-in users"
blueprint = Blueprint("factors", __name__, url_prefix="/dashboard/account/factors")


@blueprint.before_request
@login_required
def require_login() -> None:
    """Factors are the logged-in user's own."""


@blueprint.get("")
def show_factors() -> Response:
    """What the user has to show besides the password, and how to add to it."""
    return _page(NewPasskeyForm(formdata=None))


@blueprint.post("/app")
@recent_login_required
def begin_app() -> BaseResponse:
    """Make a secret for an authenticator app. It counts for nothing until a code of it was typed."""
    if not begin_totp(db.session(), get_sealer(), current_user.id):
        flash("An authenticator app is set up already. Remove it first.", "warn")
        return _lead_back()
    db.session.commit()
    return redirect(url_for("factors.show_app"), 303)


@blueprint.get("/app")
@recent_login_required
def show_app() -> BaseResponse:
    """The secret that waits to be confirmed, as QR code and text, and the field for the app's first code."""
    return _app_page(ConfirmAppForm(formdata=None))


@blueprint.post("/app/confirm")
@recent_login_required
def confirm_app() -> BaseResponse:
    """Let the app count from now on; with the first factor come recovery codes, shown once."""
    form, session, user = ConfirmAppForm(), db.session(), _lock_myself()
    if not form.validate_on_submit():
        return _app_page(form, 422)
    if not confirm_totp(session, get_sealer(), user.id, form.typed):
        form.code.errors = ["This is not the code of this secret just now. Check the time of your device."]
        return _app_page(form, 422)
    return _settle_new("Your authenticator app is set up.")


@blueprint.post("/app/remove")
@recent_login_required
def remove_app() -> BaseResponse:
    """Forget the authenticator app."""
    user = _lock_myself()
    if not remove_totp(db.session(), user.id):
        abort(404)
    return _settle_removed("The authenticator app is removed.")


@blueprint.post("/passkeys/options")
@recent_login_required
def ask_for_passkey() -> Response:
    """Tell the browser what kind of passkey to have made; for passkeys.js."""
    options = ask_for_new_passkey(db.session(), get_site(), current_user.id, current_user.email, _bound_to())
    db.session.commit()
    return Response(options, mimetype="application/json")


@blueprint.post("/passkeys")
@recent_login_required
def add_passkey() -> BaseResponse:
    """Keep the passkey that the device has made; with the first factor come recovery codes, shown once."""
    form, session, user = NewPasskeyForm(), db.session(), _lock_myself()
    if not form.validate_on_submit():
        return _page(form, 422)
    try:
        register_passkey(session, get_site(), user.id, form.name.data, _bound_to(), form.answer.data)
    except PasskeyRefusedError:
        form.answer.errors = ["This passkey was not accepted. Try again."]
    except TooManyPasskeysError:
        form.answer.errors = [f"You have {PASSKEYS_MAX} passkeys. Remove one first."]
    else:
        return _settle_new(f"The passkey “{form.name.data}” is added.")
    session.commit()  # the challenge is used up
    return _page(form, 422)


@blueprint.post("/passkeys/<int:passkey_id>/remove")
@recent_login_required
def remove_one_passkey(passkey_id: int) -> BaseResponse:
    """Forget one of the user's passkeys."""
    user = _lock_myself()
    name = remove_passkey(db.session(), user.id, passkey_id)
    if name is None:
        abort(404)
    return _settle_removed(f"The passkey “{name}” is removed.")


@blueprint.post("/recovery-codes")
@recent_login_required
def renew_recovery_codes() -> BaseResponse:
    """Make ten new recovery codes, shown once, in the place of those that are left."""
    session, user = db.session(), _lock_myself()
    if not has_factor(session, user.id):
        abort(404)
    codes = make_recovery_codes(session, user.id)
    _tell_by_mail("New recovery codes were made.")
    return _codes_page(codes, "Your new recovery codes")


def _lock_myself() -> LoggedInUser:
    """Have the user's row to ourselves, so that changes of factors come one after the other; return the user.

    Raises Unauthorized (401) for who was logged out, or disabled, while this request came in.
    """
    session, token = db.session(), current_user.login.token
    if lock_user(session, current_user.id) is None or (user := find_logged_in(session, token)) is None:
        abort(401)
    return user


def _settle_new(message: str) -> BaseResponse:
    session = db.session()
    codes = settle_new_factor(session, current_user.id, current_user.login.id)
    _tell_by_mail(message)
    if codes:
        return _codes_page(codes, message)
    flash(message, "ok")
    return _lead_back()


def _settle_removed(message: str) -> BaseResponse:
    session = db.session()
    settle_removed_factor(session, current_user.id, current_user.login.id)
    _tell_by_mail(message)
    flash(f"{message} Other browsers are logged out.", "ok")
    return _lead_back()


def _tell_by_mail(what: str) -> None:
    """Commit the change, and tell the owner, who may be somebody else than whoever sits in this browser."""
    session = db.session()
    order_mail(session, "factors-changed", current_user.email, current_user.id, what=what)
    session.commit()
    call_mailer()


def _bound_to() -> str:
    """Name this login, so that a challenge is answered where it was asked."""
    return f"login {current_user.login.id}"


def _lead_back() -> BaseResponse:
    return redirect(url_for("factors.show_factors"), 303)


def _page(form: NewPasskeyForm, status: int = 200) -> Response:
    factors = list_factors(db.session(), current_user.id)
    return _answer(render_template("factors/factors.html", form=form, factors=factors), status)


def _app_page(form: ConfirmAppForm, status: int = 200) -> BaseResponse:
    """Show the secret; without one that waits, there is nothing to confirm."""
    secret = find_new_secret(db.session(), get_sealer(), current_user.id)
    if secret is None:
        flash("There is no authenticator app to confirm. Begin again if you want to set one up.", "warn")
        return _lead_back()
    svg = draw_for_app(secret, current_user.email)
    return _answer(render_template("factors/app.html", form=form, secret=secret, svg=svg), status)


def _codes_page(codes: list[str], title: str) -> Response:
    """Show the codes, once: this answer is the only place where they ever stand, as with a new API key."""
    return _answer(render_template("factors/recovery_codes.html", codes=codes, title=title), 200)


def _answer(html: str, status: int) -> Response:
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    return response

"""/dashboard/account: password, logins, export and deletion. Who may enter: logged-in users, each about their own."""

import logging
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    url_for,
)
from flask import session as flask_session
from flask_login import current_user, login_required, logout_user
from werkzeug.wrappers import Response as BaseResponse

from payapp.account.browsers import describe_browser
from payapp.account.deletion import delete_user
from payapp.account.export import stream_user
from payapp.account.forms import ChangePasswordForm, DeleteAccountForm
from payapp.auth.accounts import change_password, make_hash, make_unusable_hash
from payapp.auth.counting import count_tries
from payapp.auth.crowded import CROWDED, try_again
from payapp.auth.freshness import ask_again, has_recent_login, recent_login_required
from payapp.auth.freshness.routes import renew
from payapp.auth.hashing import CrowdedError, waiting_room
from payapp.auth.limits import EXPORTS
from payapp.auth.login_sessions import end_login_of, end_logins, list_logins
from payapp.auth.password_tries import check_password
from payapp.billing.checkout.closing import close_checkouts
from payapp.billing.customer_deletion import delete_customer
from payapp.billing.errors import PaymentUnderWayError
from payapp.database.base import writing
from payapp.extensions import db
from payapp.ledger.errors import AccountInUseError
from payapp.mail.links import void_links
from payapp.stripe_types.objects import StripeServiceError
from payapp.web.formats import moment
from payapp.web.mailing import call_mailer, order_mail
from payapp.web.services import get_stripe

log = logging.getLogger(__name__)

ACCESS = "logged-in users"
blueprint = Blueprint("account", __name__, url_prefix="/dashboard/account")


@blueprint.before_request
@login_required
def require_login() -> None:
    """Everything here is about the logged-in user's own account."""


@blueprint.get("")
def show_account() -> BaseResponse:
    """The page, with a section for each thing that can be done."""
    return _page()


@blueprint.post("/password")
@recent_login_required
def set_password() -> BaseResponse:
    """Change the password. All other logins end, and this one gets a new secret."""
    user_id, email, login_id = current_user.id, current_user.email, current_user.login.id
    form = ChangePasswordForm()
    if not form.validate_on_submit():
        return _page(422, password=form)
    try:
        with waiting_room():
            user = check_password(email, form.current_password.data)
            new_hash = make_hash(form.new_password.data) if user else ""
    except CrowdedError:
        form.current_password.errors = [CROWDED]
        return _page(503, password=form)
    old_hash = user.password_hash if user else ""
    db.session.rollback()
    if not old_hash or not change_password(db.session(), user_id, old_hash, new_hash):
        form.current_password.errors = ["The current password is wrong."]
        return _page(422, password=form)
    end_logins(db.session(), user_id, but_for=login_id)
    void_links(db.session(), user_id, ["reset", "change"])
    order_mail(db.session(), "password-changed", email, user_id)
    renew(login_id)  # commits; refuses, and the change with it, when this login has ended meanwhile
    call_mailer()
    flash("Your password is changed. All other browsers are logged out.", "ok")
    return _back()


@blueprint.post("/logins/<int:login_id>/end")
def end_one_login(login_id: int) -> BaseResponse:
    """Log another browser out, or this one."""
    if not end_login_of(db.session(), current_user.id, login_id):
        abort(404)
    db.session.commit()
    flash("That browser is logged out.", "ok")
    return _back()


@blueprint.post("/logins/end-others")
def end_other_logins() -> BaseResponse:
    """Log out every browser but this one."""
    end_logins(db.session(), current_user.id, but_for=current_user.login.id)
    db.session.commit()
    flash("All other browsers are logged out.", "ok")
    return _back()


@blueprint.get("/export")
def export() -> BaseResponse:
    """Everything that is kept about the user, as a JSON file. Asked again, one comes back to the page."""
    if not has_recent_login():
        return ask_again(url_for("account.show_account"))
    user_id = current_user.id
    with writing():
        db.session.rollback()
        count_tries(db.session(), (EXPORTS, str(user_id)))
    response = Response(stream_user(db.engine, user_id), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="payapp-account-{user_id}.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/delete")
@recent_login_required
def delete() -> BaseResponse:
    """Delete the account. Nothing is deleted while money or work is under way, or Stripe can't be asked about it."""
    user_id, email = current_user.id, current_user.email
    form = DeleteAccountForm()
    if not form.validate_on_submit():
        return _page(422, deletion=form)
    try:
        with waiting_room():
            unusable_hash = make_unusable_hash()
        close_checkouts(db.session(), get_stripe(), user_id)
        delete_user(db.session(), user_id, unusable_hash)
    except (CrowdedError, PaymentUnderWayError, AccountInUseError, StripeServiceError) as error:
        db.session.rollback()
        form.confirm.errors = [_say_why_not(error)]
        return _page(409 if isinstance(error, PaymentUnderWayError | AccountInUseError) else 503, deletion=form)
    order_mail(db.session(), "account-deleted", email)
    db.session.commit()
    call_mailer()
    _delete_customer(user_id)
    logout_user()
    flask_session.clear()
    flash("Your account is deleted.", "ok")
    return redirect(url_for("landing.show_landing"), 303)


def _say_why_not(error: Exception) -> str:
    if isinstance(error, PaymentUnderWayError):
        return (
            "Nothing was deleted: a payment of yours is under way, or has just come in. Look at your credits, and"
            " delete the account when it has arrived."
        )
    if isinstance(error, AccountInUseError):
        return f"Nothing was deleted: work of yours is under way, until {moment(error.until)} at most. Try again then."
    if isinstance(error, CrowdedError):
        return CROWDED
    return "Nothing was deleted: your open payment page could not be closed just now. Try again in a minute."


def _delete_customer(user_id: int) -> None:
    """Now, if Stripe answers quickly; else the job will that makes customers."""
    try:
        delete_customer(db.session(), get_stripe(), user_id, is_quick=True)
    except StripeServiceError as error:
        db.session.rollback()
        log.warning("the Stripe customer of deleted user %s is not deleted yet: %s", user_id, error)


def _page(status: int = 200, **forms: Any) -> BaseResponse:
    """Show the page; a form that was sent and is not right is shown as it was sent."""
    logins = list_logins(db.session(), current_user.id)
    html = render_template(
        "account/account.html",
        password=forms.get("password") or ChangePasswordForm(formdata=None),
        deletion=forms.get("deletion") or DeleteAccountForm(formdata=None),
        logins=[(login, describe_browser(login.browser)) for login in logins],
    )
    return try_again(html) if status == 503 else Response(html, status, mimetype="text/html")


def _back() -> BaseResponse:
    return redirect(url_for("account.show_account"), 303)

"""One's own e-mail address: changing it, and having the confirmation sent again. Who may enter: logged-in users."""

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as BaseResponse

from payapp.auth.accounts import find_user_id
from payapp.auth.counting import count_tries
from payapp.auth.crowded import CROWDED, try_again
from payapp.auth.email_addresses import normalize_email
from payapp.auth.email_change.forms import ChangeEmailForm
from payapp.auth.hashing import CrowdedError, waiting_room
from payapp.auth.limits import ADDRESS_CHANGES, CONFIRMATIONS
from payapp.auth.password_tries import check_password
from payapp.extensions import db
from payapp.mail.links import void_links
from payapp.web.mailing import call_mailer, has_mail, order_mail
from payapp.web.own_paths import page_before

ACCESS = "logged-in users"
blueprint = Blueprint("email_change", __name__)


@blueprint.before_request
@login_required
def require_login() -> None:
    """Every address is its user's own."""


@blueprint.route("/dashboard/account/email", methods=["GET", "POST"])
def change() -> str | BaseResponse | tuple[str, int]:
    """Mail a link to the new address, and tell the old one. The address changes when the link's button is pressed.

    The answer does not tell whether the new address is somebody else's: they get a mail.
    """
    form = ChangeEmailForm()
    if not has_mail() or not form.validate_on_submit():
        return _page(form)
    email = normalize_email(form.email.data)
    if email == current_user.email:
        form.email.errors = ["This is your address already."]
        return _page(form)
    try:
        with waiting_room():
            is_right = check_password(current_user.email, form.current_password.data) is not None
    except CrowdedError:
        return _ask_to_try_again(form)
    if not is_right:
        form.current_password.errors = ["This is not your current password."]
        return _page(form)
    _order_link(email)
    flash(f"We have written to {email}. Your address changes when you press the button in that mail.", "ok")
    return redirect(url_for("email_change.change"), 303)


@blueprint.post("/dashboard/account/email/send-again")
def send_again() -> BaseResponse:
    """Mail another link to confirm the address. The one before is worthless then."""
    back = redirect(page_before() or url_for("email_change.change"), 303)
    if current_user.is_verified or not has_mail():
        return back
    session = db.session()
    count_tries(session, (CONFIRMATIONS, str(current_user.id)))
    order_mail(session, "verify", current_user.email, current_user.id)
    session.commit()
    call_mailer()
    flash(f"We have written to {current_user.email} again.", "ok")
    return back


def _order_link(email: str) -> None:
    """An older link to another new address is void from now on, even if this mail never arrives."""
    session, own = db.session(), current_user
    count_tries(session, (ADDRESS_CHANGES, str(own.id)))
    is_taken = find_user_id(session, email) is not None
    void_links(session, own.id, ["change"])
    if is_taken:
        order_mail(session, "address-taken", email)
    else:
        order_mail(session, "change-address", email, own.id, old=own.email)
    order_mail(session, "address-change-asked", own.email, own.id, new=email)
    session.commit()
    call_mailer()


def _page(form: ChangeEmailForm) -> str | tuple[str, int]:
    html = render_template("by_mail/change_form.html", form=form)
    return (html, 422) if form.errors else html


def _ask_to_try_again(form: ChangeEmailForm) -> Response:
    form.current_password.errors = [CROWDED]
    return try_again(render_template("by_mail/change_form.html", form=form))

"""Links of mails, and asking for one to reset a password. Who may enter: anyone.

Looking at a link does nothing: programs that open the links of mails use none up. Its page has a button.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from payapp.auth.accounts import EmailTakenError, make_hash
from payapp.auth.by_mail import LinkOverError, change_address, confirm_address, reset_password
from payapp.auth.by_mail.forms import ForgotPasswordForm, NewPasswordForm
from payapp.auth.counting import count_tries
from payapp.auth.crowded import CROWDED, try_again
from payapp.auth.email_addresses import normalize_email
from payapp.auth.hashing import CrowdedError, waiting_room
from payapp.auth.limits import RESET_MAILS, RESETS
from payapp.auth.visitors import visitors_address
from payapp.extensions import db
from payapp.mail.links import Link, find_link
from payapp.web.mailing import call_mailer, has_mail, order_mail

ACCESS = "anyone"
blueprint = Blueprint("by_mail", __name__)

Page = str | Response | tuple[str, int]


@blueprint.after_request
def keep_tokens_here(response: Response) -> Response:
    """Whoever has the address of such a page has the link: no other page is told, and nobody keeps it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("/verify-email/<token>", methods=["GET", "POST"])
def verify_email(token: str) -> Page:
    """A button that confirms the address, and what it does."""
    if request.method != "POST":  # HEAD, too
        return _show_verification(token)
    session = db.session()
    try:
        confirm_address(session, token)
    except LinkOverError:
        session.rollback()
        return _show_over()
    session.commit()
    flash("Your e-mail address is confirmed. Thank you.", "ok")
    return redirect(url_for("credits.show_credits" if current_user.is_authenticated else "auth.log_in"), 303)


@blueprint.route("/forgot-password", methods=["GET", "POST"])
def forgot_password() -> Page:
    """Ask for a link by mail. Nothing in the answer depends on whether there is such an account: the worker looks."""
    form = ForgotPasswordForm()
    if not has_mail() or not form.validate_on_submit():
        return _show_request(form)
    session, email = db.session(), normalize_email(form.email.data)
    count_tries(session, (RESETS, visitors_address()), (RESET_MAILS, email))
    order_mail(session, "reset", email)
    session.commit()
    call_mailer()
    return redirect(url_for("by_mail.forgot_password", sent="true"), 303)


@blueprint.route("/reset-password/<token>", methods=["GET", "POST"])
def reset(token: str) -> Page:
    """Set a new password, which ends all logins, and tell the owner."""
    session, form = db.session(), NewPasswordForm()
    link = find_link(session, "reset", token)
    if link is None:
        return _show_over()
    form.address = link.address
    if not form.validate_on_submit():
        html = _render_reset(token, form, link)
        return (html, 422) if form.errors else html
    session.rollback()  # hashing takes its time
    try:
        with waiting_room():
            link = reset_password(session, token, make_hash(form.password.data))
    except CrowdedError:
        form.password.errors = [CROWDED]
        return try_again(_render_reset(token, form, link))
    except LinkOverError:
        session.rollback()
        return _show_over()
    order_mail(session, "password-changed", link.address, link.user_id)
    session.commit()
    call_mailer()
    flash("Your password is changed, and you are logged out everywhere. Log in with the new one.", "ok")
    return redirect(url_for("auth.log_in"), 303)


@blueprint.route("/change-email/<token>", methods=["GET", "POST"])
def change_email(token: str) -> Page:
    """A button that changes the address, for its account alone: whoever reads the new mailbox may be a stranger."""
    if request.method != "POST" or not current_user.is_authenticated:
        return _show_change(token)
    session, old = db.session(), current_user.email
    try:
        link = change_address(session, current_user.id, token)
    except LinkOverError:
        session.rollback()
        return _show_over()
    except EmailTakenError:
        session.rollback()
        return render_template("by_mail/taken.html"), 409
    order_mail(session, "address-changed", old, current_user.id, new=link.address)
    session.commit()
    call_mailer()
    flash(f"Your e-mail address is {link.address} from now on.", "ok")
    return redirect(url_for("email_change.change"), 303)


def _show_verification(token: str) -> str | tuple[str, int]:
    link = find_link(db.session(), "verify", token)
    return render_template("by_mail/verify.html", link=link, token=token) if link else _show_over()


def _show_request(form: ForgotPasswordForm) -> str | tuple[str, int]:
    is_sent = request.args.get("sent") == "true" and not form.is_submitted()
    html = render_template("by_mail/forgot.html", form=form, is_sent=is_sent)
    return (html, 422) if form.errors else html


def _render_reset(token: str, form: NewPasswordForm, link: Link) -> str:
    return render_template("by_mail/reset.html", form=form, link=link, token=token)


def _show_change(token: str) -> str | tuple[str, int]:
    """Who is not logged in is told to do that first; an address to come back to would carry the token elsewhere."""
    link = find_link(db.session(), "change", token)
    if link is None or (current_user.is_authenticated and current_user.id != link.user_id):
        return _show_over()
    return render_template("by_mail/change.html", link=link, token=token)


def _show_over() -> tuple[str, int]:
    return render_template("by_mail/over.html"), 404

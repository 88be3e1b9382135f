"""Sign-up, login and logout. Who may enter: anyone."""

import logging
from contextlib import suppress
from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from payapp.auth.accounts import EmailTakenError, create_user, find_user, has_password_still
from payapp.auth.counting import count_tries
from payapp.auth.crowded import CROWDED, try_again
from payapp.auth.email_addresses import normalize_email
from payapp.auth.entering import enter, forget_login, safe_next, wait_for_factor
from payapp.auth.factors.owned import has_factor
from payapp.auth.forms import LogInForm, SignUpForm
from payapp.auth.hashing import CrowdedError, waiting_room
from payapp.auth.limits import SIGN_UPS, TAKEN_MAILS, TooOftenError, count_try
from payapp.auth.login_sessions import SEEN_SECONDS, find_logged_in, note_seen
from payapp.auth.models import LoggedInUser, User
from payapp.auth.password_tries import check_password
from payapp.auth.visitors import remember_browser, visitors_address
from payapp.billing.customers import ensure_customer
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.extensions import db, login_manager
from payapp.stripe_types.objects import StripeServiceError
from payapp.web.errors import refuse_without_token, wants_json
from payapp.web.mailing import call_mailer, has_mail, order_mail
from payapp.web.services import get_stripe

log = logging.getLogger(__name__)

ACCESS = "anyone"
DISABLED = "This account is disabled. Write to whoever runs this site."
blueprint = Blueprint("auth", __name__)


@login_manager.user_loader
def load_user(token: str) -> LoggedInUser | None:
    """Return the user of a login cookie; None logs them out: the login has ended, here or anywhere else.

    Once an hour a page that is looked at writes down that the login is in use, before it reads anything else.
    """
    session = db.session()
    user = find_logged_in(session, token)
    if user and request.method == "GET" and utc_now() - user.login.seen_at > timedelta(seconds=SEEN_SECONDS):
        with writing():
            session.rollback()
            note_seen(session, user.login.id)
            session.commit()
    return user


@blueprint.route("/signup", methods=["GET", "POST"])
def sign_up() -> str | Response | tuple[str, int]:
    """Make an account, its Stripe customer, and log in. If Stripe is down the customer is made later."""
    if current_user.is_authenticated:
        return redirect(url_for("credits.show_credits"), 303)
    form = SignUpForm()
    if not form.validate_on_submit():
        return _page("auth/sign_up.html", form)
    session = db.session()
    try:
        with waiting_room():
            count_tries(session, (SIGN_UPS, visitors_address()))
            user = create_user(session, form.email.data, form.password.data)
    except CrowdedError:
        return _ask_to_try_again("auth/sign_up.html", form)
    except EmailTakenError:
        session.rollback()
        return _answer_as_if_new(form)
    order_mail(session, "verify", user.email, user.id)
    session.commit()
    call_mailer()
    _make_customer(user.id)
    response = _enter(user)
    _say_that_we_wrote(form)
    return response


@blueprint.route("/login", methods=["GET", "POST"])
def log_in() -> str | Response | tuple[str, int]:
    """Log in and go where the visitor was going. The answer does not tell whether the address exists."""
    if current_user.is_authenticated:
        return redirect(url_for("credits.show_credits"), 303)
    form = LogInForm()
    if not form.validate_on_submit():
        return _page("auth/log_in.html", form)
    try:
        with waiting_room():
            user = check_password(form.email.data, form.password.data)
    except CrowdedError:
        return _ask_to_try_again("auth/log_in.html", form)
    if user is None:
        form.password.errors = ["The e-mail address or the password is wrong."]
        return _page("auth/log_in.html", form)
    if user.disabled_at is not None:  # told to nobody but who knows the password
        form.password.errors = [DISABLED]
        return _page("auth/log_in.html", form)
    return _ask_for_factor(user) if has_factor(db.session(), user.id) else _enter(user)


@blueprint.post("/logout")
def log_out() -> Response:
    """End the login, for every copy of its cookie. Harmless when nobody is logged in."""
    forget_login(db.session())
    db.session.commit()
    flash("You are logged out.", "info")
    return redirect(url_for("landing.show_landing"), 303)


@blueprint.errorhandler(CSRFError)
def show_form_again(error: CSRFError) -> Response | tuple[str, int]:
    """Do nothing of what a form without a valid token asks for, and leave nobody stuck.

    It comes from a tab that was open while another logged in or out, or from one of two first visits at once.
    """
    is_log_out = request.endpoint == "auth.log_out"
    if wants_json() or (is_log_out and current_user.is_authenticated):
        return refuse_without_token(error)
    if is_log_out:
        return redirect(url_for("landing.show_landing"), 303)
    if current_user.is_authenticated:
        return redirect(safe_next() or url_for("credits.show_credits"), 303)
    is_sign_up = request.endpoint == "auth.sign_up"
    form = SignUpForm() if is_sign_up else LogInForm()
    form.csrf_token.errors = [error.description]
    return _render_form("auth/sign_up.html" if is_sign_up else "auth/log_in.html", form), 400


def _page(template: str, form: SignUpForm | LogInForm) -> str | tuple[str, int]:
    """Show the form; 422 when it was sent and is not right."""
    html = _render_form(template, form)
    return (html, 422) if form.is_submitted() else html


def _ask_to_try_again(template: str, form: SignUpForm | LogInForm) -> Response:
    form.password.errors = [CROWDED]
    return try_again(_render_form(template, form))


def _render_form(template: str, form: SignUpForm | LogInForm) -> str:
    return render_template(template, form=form, next=safe_next())


def _answer_as_if_new(form: SignUpForm) -> Response | tuple[str, int]:
    """Answer as if the address were not taken, and tell its owner by mail. Nobody is logged in: see docs/decisions.

    Without mail the page has to say it, or the owner would never learn why they don't come in.
    """
    if not has_mail():
        form.email.errors = ["There is an account with this e-mail address already. Log in instead."]
        return _render_form("auth/sign_up.html", form), 422
    session = db.session()
    user = find_user(session, form.email.data)
    with suppress(TooOftenError):
        count_try(session, TAKEN_MAILS, normalize_email(form.email.data))
        order_mail(session, "account-exists", user.email if user else form.email.data, user.id if user else None)
    session.commit()
    call_mailer()
    _say_that_we_wrote(form)
    return redirect(safe_next() or url_for("credits.show_credits"), 303)


def _say_that_we_wrote(form: SignUpForm) -> None:
    """The same words for a new address and a taken one."""
    if has_mail():
        flash(f"We have written to {normalize_email(form.email.data)}. That mail says how to go on.", "info")


def _make_customer(user_id: int) -> None:
    """Make the Stripe customer now if Stripe answers quickly; else checkout or the sweeper will."""
    try:
        ensure_customer(db.session(), get_stripe(), user_id, is_quick=True)
    except StripeServiceError as error:
        db.session.rollback()
        log.warning("no Stripe customer yet for user %s: %s", user_id, error)


def _enter(user: User) -> Response:
    """Log the user in, who has no second factor, and go where the visitor was going.

    Not by a password that was changed since it was tried: whoever changed it has ended all logins.
    """
    session, target = db.session(), safe_next() or url_for("credits.show_credits")
    if not has_password_still(session, user.id, user.password_hash):
        session.rollback()
        flash("The password was changed just now. Log in with the new one.", "bad")
        return redirect(url_for("auth.log_in"), 303)
    if not enter(session, user.id):
        session.rollback()
        flash(DISABLED, "bad")
        return redirect(url_for("auth.log_in"), 303)
    session.commit()
    response = redirect(target, 303)
    remember_browser(response, user.id)
    return response


def _ask_for_factor(user: User) -> Response:
    """Lead to the second step; nobody is logged in before it."""
    target = url_for("second_step.show_second_step", next=safe_next())
    wait_for_factor(db.session(), user.id, user.password_hash)
    db.session.commit()
    return redirect(target, 303)

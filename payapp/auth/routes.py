"""Sign-up, login and logout. Who may enter: anyone."""

import logging
from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as flask_session
from flask_login import current_user, login_user, logout_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from payapp.auth.accounts import (
    EmailTakenError,
    create_user,
    find_stronger_hash,
    find_user,
    is_right_password,
    replace_hash,
)
from payapp.auth.email_addresses import normalize_email
from payapp.auth.forms import LogInForm, SignUpForm
from payapp.auth.hashing import TRY_AGAIN_SECONDS, CrowdedError, waiting_room
from payapp.auth.limits import LOGINS, SIGN_UPS, WRONG_PASSWORDS, Limit, TooOftenError, count_try, take_back
from payapp.auth.login_sessions import SEEN_SECONDS, begin_login, end_login, find_logged_in, note_seen
from payapp.auth.models import LoggedInUser, User
from payapp.auth.visitors import find_known_browser, remember_browser, visitors_address
from payapp.billing.customers import ensure_customer
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.extensions import db, login_manager
from payapp.stripe_types.objects import StripeServiceError
from payapp.web.errors import refuse_without_token, wants_json
from payapp.web.own_paths import own_path
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
    try:
        with waiting_room():
            _count((SIGN_UPS, visitors_address()))
            user = create_user(db.session(), form.email.data, form.password.data)
        db.session.commit()
    except CrowdedError:
        return _ask_to_try_again("auth/sign_up.html", form)
    except EmailTakenError:
        form.email.errors = ["There is an account with this e-mail address already. Log in instead."]
        return _page("auth/sign_up.html", form)
    _make_customer(user.id)
    return _enter(user)


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
            user = _check_password(form)
    except CrowdedError:
        return _ask_to_try_again("auth/log_in.html", form)
    if user is None:
        form.password.errors = ["The e-mail address or the password is wrong."]
        return _page("auth/log_in.html", form)
    if user.disabled_at is not None:  # told to nobody but who knows the password
        form.password.errors = [DISABLED]
        return _page("auth/log_in.html", form)
    return _enter(user)


@blueprint.post("/logout")
def log_out() -> Response:
    """End the login, for every copy of its cookie. Harmless when nobody is logged in."""
    _forget_login()
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
        return redirect(_safe_next() or url_for("credits.show_credits"), 303)
    is_sign_up = request.endpoint == "auth.sign_up"
    form = SignUpForm() if is_sign_up else LogInForm()
    form.csrf_token.errors = [error.description]
    return _render_form("auth/sign_up.html" if is_sign_up else "auth/log_in.html", form), 400


def _page(template: str, form: SignUpForm | LogInForm) -> str | tuple[str, int]:
    """Show the form; 422 when it was sent and is not right."""
    html = _render_form(template, form)
    return (html, 422) if form.is_submitted() else html


def _ask_to_try_again(template: str, form: SignUpForm | LogInForm) -> Response:
    """Show the form, still filled in, to one too many. Nothing was tried, so nothing is counted."""
    form.password.errors = ["Very many people are coming in just now. Please try again in a few seconds."]
    response = Response(_render_form(template, form), 503, mimetype="text/html")
    response.headers["Retry-After"] = str(TRY_AGAIN_SECONDS)
    return response


def _render_form(template: str, form: SignUpForm | LogInForm) -> str:
    return render_template(template, form=form, next=_safe_next())


def _check_password(form: LogInForm) -> User | None:
    """Count the try, verify with no transaction open, then take it back and renew an outdated hash.

    A browser that the account knows is counted by itself: what strangers try does not keep its owner out. Unknown
    addresses are counted as known ones are, so that a 429 does not tell which is which.
    """
    session, password = db.session(), form.password.data
    user = find_user(session, form.email.data)
    password_hash = user.password_hash if user else None
    browser = find_known_browser(user.id) if user else None
    account = browser or normalize_email(form.email.data)
    _count((LOGINS, browser or visitors_address()), (WRONG_PASSWORDS, account))
    if not is_right_password(password_hash, password) or user is None or password_hash is None:
        return None
    new_hash = find_stronger_hash(password_hash, password)
    take_back(session, WRONG_PASSWORDS, account)
    if new_hash:
        replace_hash(session, user.id, password_hash, new_hash)
    session.commit()
    return user


def _count(*tries: tuple[Limit, str]) -> None:
    """Count, and commit, before anything is tried. Raises TooManyRequests (429)."""
    session = db.session()
    try:
        for limit, whose in tries:
            count_try(session, limit, whose)
    except TooOftenError as error:
        session.commit()
        raise TooManyRequests(retry_after=error.retry_after_seconds) from error
    session.commit()


def _make_customer(user_id: int) -> None:
    """Make the Stripe customer now if Stripe answers quickly; else checkout or the sweeper will."""
    try:
        ensure_customer(db.session(), get_stripe(), user_id, is_quick=True)
    except StripeServiceError as error:
        db.session.rollback()
        log.warning("no Stripe customer yet for user %s: %s", user_id, error)


def _enter(user: User) -> Response:
    """Begin a fresh browser session, and a login of its own, for `user`."""
    target = _safe_next() or url_for("credits.show_credits")
    _forget_login()
    session = db.session()
    token = begin_login(session, user.id, request.user_agent.string)
    session.commit()
    logged_in = find_logged_in(session, token)
    if logged_in is None:  # disabled at this very moment
        flash(DISABLED, "bad")
        return redirect(url_for("auth.log_in"), 303)
    flask_session.permanent = True
    login_user(logged_in)
    response = redirect(target, 303)
    remember_browser(response, user.id)
    return response


def _forget_login() -> None:
    """End the login that this browser's cookie names, and leave nothing of its session. The caller commits."""
    if token := flask_session.get("_user_id"):
        end_login(db.session(), token)
    logout_user()
    flask_session.clear()


def _safe_next() -> str | None:
    """Return the path the visitor was going to; None for anything that could lead to another site."""
    return own_path(request.args.get("next", ""))

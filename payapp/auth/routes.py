"""Sign-up, login and logout. Who may enter: anyone."""

import logging

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as flask_session
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from payapp.auth.accounts import (
    EmailTakenError,
    check_password,
    create_user,
    find_user_by_id,
    normalize_email,
    renew_hash,
)
from payapp.auth.forms import LogInForm, SignUpForm
from payapp.auth.models import User
from payapp.billing.customers import ensure_customer
from payapp.db import expect_reads_only, expect_writes
from payapp.extensions import db, limiter, login_manager
from payapp.services import get_stripe
from payapp.stripe_objects import StripeServiceError

log = logging.getLogger(__name__)

ACCESS = "anyone"
blueprint = Blueprint("auth", __name__)

# Wrong passwords for one account from one address, and logins from one address, in 15 minutes.
WRONG_PASSWORDS = "10 per 15 minutes"
LOGINS = "50 per 15 minutes"
SIGN_UPS = "300 per 15 minutes"  # many people may share one address; a flood of made-up ones must end somewhere


@login_manager.user_loader
def load_user(user_id: str) -> User | None:
    """Return the user of a login cookie; None logs them out (an id that is gone or was never one)."""
    return find_user_by_id(db.session(), int(user_id)) if user_id.isdecimal() else None


@blueprint.route("/signup", methods=["GET", "POST"])
@limiter.limit(SIGN_UPS, methods=["POST"])
def sign_up() -> str | Response | tuple[str, int]:
    """Make an account, its Stripe customer, and log in. If Stripe is down the customer is made later."""
    if current_user.is_authenticated:
        return redirect(url_for("credits.show_credits"), 303)
    form = SignUpForm()
    if not form.validate_on_submit():
        return _page("auth/sign_up.html", form)
    try:
        user = create_user(db.session(), form.email.data, form.password.data)
        db.session.commit()
    except EmailTakenError:
        form.email.errors = ["There is an account with this e-mail address already. Log in instead."]
        return _page("auth/sign_up.html", form)
    _make_customer(user.id)
    return _enter(user)


@blueprint.route("/login", methods=["GET", "POST"])
@limiter.limit(LOGINS, methods=["POST"])
@limiter.limit(
    WRONG_PASSWORDS,
    methods=["POST"],
    key_func=lambda: f"{request.remote_addr} {normalize_email(request.form.get('email', ''))[:254]}",
    deduct_when=lambda response: response.status_code == 422,
)
def log_in() -> str | Response | tuple[str, int]:
    """Log in and go where the visitor was going. The answer does not tell whether the address exists."""
    if current_user.is_authenticated:
        return redirect(url_for("credits.show_credits"), 303)
    form = LogInForm()
    if not form.validate_on_submit():
        return _page("auth/log_in.html", form)
    user = _check_password(form)
    if user is None:
        form.password.errors = ["The e-mail address or the password is wrong."]
        return _page("auth/log_in.html", form)
    return _enter(user)


@blueprint.post("/logout")
def log_out() -> Response:
    """Forget the visitor. Harmless when nobody is logged in."""
    logout_user()
    flask_session.clear()
    flash("You are logged out.", "info")
    return redirect(url_for("pages.show_landing"), 303)


def _page(template: str, form: SignUpForm | LogInForm) -> str | tuple[str, int]:
    """Show the form; 422 when it was sent and is not right."""
    html = render_template(template, form=form, next=_safe_next())
    return (html, 422) if form.is_submitted() else html


def _check_password(form: LogInForm) -> User | None:
    """Verify without SQLite's write lock, so that no webhook waits for it; then renew an outdated hash."""
    session = db.session()
    expect_reads_only()
    user = check_password(session, form.email.data, form.password.data)
    session.rollback()
    expect_writes()
    if user is not None:
        renew_hash(session, user.id, user.password_hash, form.password.data)
        session.commit()
    return user


def _make_customer(user_id: int) -> None:
    """Make the Stripe customer now if Stripe answers quickly; else checkout or the sweeper will."""
    try:
        ensure_customer(db.session(), get_stripe(), user_id, is_quick=True)
    except StripeServiceError as error:
        db.session.rollback()
        log.warning("no Stripe customer yet for user %s: %s", user_id, error)


def _enter(user: User) -> Response:
    """Begin a fresh browser session for `user`."""
    target = _safe_next() or url_for("credits.show_credits")
    flask_session.clear()
    flask_session.permanent = True
    login_user(user)
    return redirect(target, 303)


def _safe_next() -> str | None:
    """Return the path the visitor was going to; None for anything that could lead to another site."""
    target = request.args.get("next", "")
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and target.isprintable() and "\\" not in target else None

"""The second step of a login, and the login by a passkey alone. Who may enter: anyone.

Whose browser has just shown the right password, and nobody else, is asked for a factor; until it is shown they are
nobody to every other page.
"""

import secrets
from hashlib import sha256

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as flask_session
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from payapp.auth.accounts import lock_user
from payapp.auth.counting import count_tries
from payapp.auth.entering import enter, pending_token, safe_next
from payapp.auth.factors.ceremonies import PasskeyRefusedError, ask_for_passkey, check_passkey
from payapp.auth.factors.of_app import get_sealer, get_site
from payapp.auth.factors.owned import list_factors
from payapp.auth.factors.recovery_codes import count_recovery_codes, use_recovery_code
from payapp.auth.factors.totp import use_totp_code
from payapp.auth.limits import PASSKEY_LOGINS, WRONG_CODES, WRONG_CODES_A_DAY, WRONG_RECOVERY_CODES, take_back
from payapp.auth.second_step.forms import CodeForm, PasskeyForm
from payapp.auth.second_step.pending_logins import Waiting, find_pending_login, finish_pending_login
from payapp.auth.visitors import find_known_browser, remember_browser, visitors_address
from payapp.extensions import db
from payapp.web.errors import problem, refuse_without_token, wants_json
from payapp.web.mailing import call_mailer, order_mail

ACCESS = "anyone"
blueprint = Blueprint("second_step", __name__, url_prefix="/login")

Page = str | Response | tuple[str, int]


@blueprint.get("/factor")
def show_second_step() -> Page:
    """Ask for a second factor whoever has shown the password in this browser; all others for the password."""
    waiting = _find_waiting()
    return _page(waiting, CodeForm()) if waiting else _lead_to_log_in()


@blueprint.post("/factor")
def check_code() -> Page:
    """Log in whoever has the code. Wrong ones are counted for the account, wherever they come from."""
    waiting, form = _find_waiting(), CodeForm()
    if waiting is None:
        return _lead_to_log_in()
    if not form.validate_on_submit():
        return _page(waiting, form)
    limits = (WRONG_CODES, WRONG_CODES_A_DAY) if form.is_of_app else (WRONG_RECOVERY_CODES,)
    whose = find_known_browser(waiting.user_id) or f"user {waiting.user_id}"
    count_tries(db.session(), *((limit, whose) for limit in limits))
    session = db.session()
    lock_user(session, waiting.user_id)
    if not _use_code(waiting, form):
        session.rollback()
        form.code.errors = ["This code is wrong, or was used before. Wait for the next one, or use a recovery code."]
        return _page(waiting, form)
    for limit in limits:
        take_back(session, limit, whose)
    return _finish(waiting, used_recovery_code=not form.is_of_app)


@blueprint.post("/factor/passkey-options")
def ask_waiting_for_passkey() -> Response:
    """Ask for one of the passkeys of whoever has shown the password in this browser."""
    waiting = _find_waiting()
    if waiting is None:
        return _refuse_options()
    return _options(ask_for_passkey(db.session(), get_site(), _bound_to(waiting), waiting.user_id))


@blueprint.post("/factor/passkey")
def check_second_passkey() -> Page:
    """Log in whoever shows one of the user's passkeys."""
    waiting, form, session = _find_waiting(), PasskeyForm(), db.session()
    if waiting is None:
        return _lead_to_log_in()
    if form.validate_on_submit():
        lock_user(session, waiting.user_id)
        try:
            check_passkey(session, get_site(), _bound_to(waiting), form.answer.data, waiting.user_id)
        except PasskeyRefusedError:
            session.commit()  # the challenge is used up
        else:
            return _finish(waiting)
    return _page(waiting, CodeForm(formdata=None), is_passkey_refused=True)


@blueprint.post("/passkey-options")
def ask_stranger_for_passkey() -> Response:
    """Ask a visitor for any passkey that their device has for this site: it tells who they are, too."""
    if current_user.is_authenticated:
        return _refuse_options()
    count_tries(db.session(), (PASSKEY_LOGINS, visitors_address()))
    return _options(ask_for_passkey(db.session(), get_site(), _bound_to_browser()))


@blueprint.post("/passkey")
def log_in_by_passkey() -> Response:
    """Log in whoever shows a passkey, with no password: the device has made sure who holds it."""
    form, session = PasskeyForm(), db.session()
    if current_user.is_authenticated:
        return redirect(url_for("credits.show_credits"), 303)
    if form.validate_on_submit():
        try:
            user_id = check_passkey(session, get_site(), _bound_to_browser(), form.answer.data)
        except PasskeyRefusedError:
            session.commit()  # the challenge is used up
        else:
            return _enter(user_id) or _lead_back("This account is disabled.")
    return _lead_back("This passkey was not accepted. Try again, or log in with your password.")


@blueprint.errorhandler(CSRFError)
def show_page_again(error: CSRFError) -> Response | tuple[str, int]:
    """Do nothing of what a form without a valid token asks for, and leave nobody stuck: it comes from an old tab."""
    if wants_json():
        return problem(400, "csrf_failed", "This page was open for too long", "Reload it and try again.")
    if current_user.is_authenticated:
        return refuse_without_token(error)
    waiting = _find_waiting()
    if waiting is None:
        return _lead_to_log_in()
    form = CodeForm(formdata=None)
    form.csrf_token.errors = [error.description]
    return _render(waiting, form), 400


def _find_waiting() -> Waiting | None:
    return find_pending_login(db.session(), pending_token())


def _use_code(waiting: Waiting, form: CodeForm) -> bool:
    if form.is_of_app:
        return use_totp_code(db.session(), get_sealer(), waiting.user_id, form.typed)
    return use_recovery_code(db.session(), waiting.user_id, form.typed)


def _finish(waiting: Waiting, *, used_recovery_code: bool = False) -> Response:
    """Turn the login that waits into a login."""
    session = db.session()
    left = count_recovery_codes(session, waiting.user_id)
    if used_recovery_code:
        order_mail(session, "factors-changed", waiting.email, waiting.user_id, what="A recovery code was used.")
    entered = _enter(waiting.user_id) if finish_pending_login(session, waiting) else None
    if entered is None:
        session.rollback()
        return _lead_to_log_in()
    if used_recovery_code:
        call_mailer()
        flash(f"You used a recovery code. You have {left} left; you can make new ones on this account's page.", "warn")
    return entered


def _enter(user_id: int) -> Response | None:
    """Log in with a factor shown, and go where the visitor was going; None if the user is disabled."""
    session, target = db.session(), safe_next() or url_for("credits.show_credits")
    if not enter(session, user_id, with_factor=True):
        session.rollback()
        return None
    session.commit()
    response = redirect(target, 303)
    remember_browser(response, user_id)
    return response


def _lead_to_log_in() -> Response:
    """Ask for the password again: nobody waits here, or waited for too long."""
    return _lead_back(
        "Please log in again. The second step took too long, or was done already." * bool(pending_token())
    )


def _lead_back(message: str) -> Response:
    if message:
        flash(message, "bad")
    return redirect(url_for("auth.log_in", next=safe_next()), 303)


def _bound_to(waiting: Waiting) -> str:
    return f"pending login {waiting.id}"


def _bound_to_browser() -> str:
    """Name this browser, so that a challenge is answered where it was asked."""
    secret = flask_session.setdefault("passkey_browser", secrets.token_urlsafe(16))
    return f"browser {sha256(secret.encode()).hexdigest()}"


def _options(options: str) -> Response:
    db.session.commit()
    return Response(options, mimetype="application/json")


def _refuse_options() -> Response:
    return problem(409, "login_changed", "Something has changed meanwhile", "Reload this page and try again.")


def _page(waiting: Waiting, form: CodeForm, *, is_passkey_refused: bool = False) -> str | tuple[str, int]:
    """Show the form; 422 when it was sent and is not right."""
    html = _render(waiting, form, is_passkey_refused=is_passkey_refused)
    return (html, 422) if request.method == "POST" else html


def _render(waiting: Waiting, form: CodeForm, *, is_passkey_refused: bool = False) -> str:
    return render_template(
        "second_step/factor.html",
        form=form,
        passkey_form=PasskeyForm(formdata=None),
        factors=list_factors(db.session(), waiting.user_id),
        email=waiting.email,
        next=safe_next(),
        is_passkey_refused=is_passkey_refused,
    )

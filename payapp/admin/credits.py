"""/admin/users/…/credits: credits are given or taken by hand."""

from flask import Response, flash, redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from payapp.admin.blueprint import blueprint, get_user, reason_in, show
from payapp.admin.forms import AdjustForm
from payapp.auth.freshness import recent_login_required
from payapp.extensions import db
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import InsufficientCreditsError
from payapp.staff.credits import adjust_credits
from payapp.web.formats import number, plural, signed


@blueprint.get("/users/<int:user_id>/credits")
@recent_login_required
def show_credits_form(user_id: int) -> Response:
    """The form for an adjustment."""
    return _page(user_id, AdjustForm())


@blueprint.post("/users/<int:user_id>/credits")
@recent_login_required
def adjust(user_id: int) -> Response | BaseResponse:
    """Give or take the credits, once however often the form is sent."""
    user, form = get_user(user_id), AdjustForm()
    if not form.validate_on_submit():
        return _page(user_id, form)
    amount = form.amount.data
    cause = f"page:{current_user.id}:{form.request_id.data}:{user_id}:{amount}"
    try:
        entry = adjust_credits(db.session(), reason_in(form), user_id, amount, cause)
    except InsufficientCreditsError as error:
        db.session.rollback()
        available = plural(error.available, "credit is", "credits are")
        form.amount.errors = [f"{available} available, {number(error.required)} can't be taken."]
        return _page(user_id, form)
    db.session.commit()
    done = f"{user.email}: {signed(amount)} credits, the balance is {number(entry.balance_after)}."
    flash(done if entry.is_new else f"{user.email}: this form was sent before; nothing has changed since.", "ok")
    return redirect(url_for("admin.show_user", user_id=user_id), 303)


def _page(user_id: int, form: AdjustForm) -> Response:
    balance = get_balance(db.session(), user_id) if get_user(user_id) else None
    status = 422 if form.is_submitted() else 200
    return show("credits.html", user=get_user(user_id), balance=balance, form=form, status=status)

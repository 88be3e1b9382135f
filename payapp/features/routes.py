"""The pages of priced features. Who may enter: logged-in users; each use costs credits."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as BaseResponse

from payapp.api.blueprint import answer
from payapp.api.problems import refusal_of
from payapp.billing.packages import find_package_for
from payapp.credits.package_cards import PackageCard, build_package_cards
from payapp.extensions import db
from payapp.features import FEATURES, qr_batches, qr_code_batch, qr_codes, spends_credits
from payapp.features.forms import QrCodeBatchForm, QrCodeForm
from payapp.features.once import once_field
from payapp.features.qr_batches.routes import send_zip
from payapp.ledger.balances import Balance, get_balance
from payapp.ledger.errors import InsufficientCreditsError
from payapp.web.errors import wants_json
from payapp.web.formats import plural
from payapp.web.htmx import is_htmx, redirect_htmx
from payapp.web.services import get_settings

ACCESS = "logged-in users"
RECENT_BATCHES = 5

blueprint = Blueprint("features", __name__)
blueprint.add_app_template_global(once_field)


@blueprint.before_request
@login_required
def require_login() -> None:
    """Every priced feature is paid from the logged-in user's own account."""


@blueprint.app_errorhandler(InsufficientCreditsError)
def show_insufficient(error: InsufficientCreditsError) -> tuple[str, int] | Response:
    """Any feature without a page of its own for it: 402, with a Buy button for the package that helps.

    Programs get the API's own answer.
    """
    if wants_json():
        refusal = refusal_of(error)
        return answer(refusal.kind.status, refusal.document)
    template = "features/_insufficient.html" if is_htmx() else "features/insufficient.html"
    return render_template(template, **_way_out(error, get_balance(db.session(), error.user_id))), 402


@blueprint.get("/features/missing/<int:cost>")
def show_missing(cost: int) -> str:
    """What a page that said "not enough credits" for `cost` says by now. Only read: nothing is offered for it."""
    balance = current_user.balance
    if balance.available >= cost:
        return render_template("features/_sufficient.html", cost=cost, balance=balance)
    return render_template(
        "features/_insufficient.html",
        **_way_out(InsufficientCreditsError(current_user.id, cost, balance.available), balance),
    )


@blueprint.get("/features/left/<int:cost>")
def show_left_afterwards(cost: int) -> str:
    """What will be left of the balance as it is by now, once `cost` has been used."""
    balance = current_user.balance
    return render_template("features/_left_afterwards.html", cost=cost, balance=balance)


@blueprint.get("/features/qr-codes")
def show_qr_codes() -> str:
    """The form, with what a QR code costs."""
    return _qr_code_page(current_user.id, QrCodeForm())


@blueprint.post("/features/qr-codes")
def make_qr_code() -> str | tuple[str, int]:
    """Make one QR code for its cost; 402 with the way to buy when credits are missing, 422 for a bad text."""
    user_id = current_user.id  # asked once: after a commit the question would load the user again
    form = QrCodeForm()
    if not form.validate_on_submit():
        return _qr_code_page(user_id, form), 422
    try:
        with spends_credits("qr-code", user_id=user_id):
            result = qr_codes.make_qr_code(form.text.data)
    except InsufficientCreditsError as error:
        if wants_json():
            raise
        return _qr_code_page(user_id, form, error=error), 402
    except ValueError:
        form.text.errors = ["This text does not fit into a QR code. Nothing was charged."]
        return _qr_code_page(user_id, form), 422
    return _qr_code_page(user_id, form, result=result)


@blueprint.get("/features/qr-code-batch")
def show_qr_code_batch() -> str:
    """The form for a list of texts."""
    return _batch_page(QrCodeBatchForm())


@blueprint.post("/features/qr-code-batch")
def price_qr_code_batch() -> str | tuple[str, int]:
    """Say what the list would cost; nothing is charged. 422 for a list that can't be made, naming the line."""
    form = QrCodeBatchForm()
    if is_htmx() and form.is_blank():
        return _batch_page(form)
    return _batch_page(form) if form.validate_on_submit() else (_batch_page(form), 422)


@blueprint.post("/features/qr-code-batch/zip")
def make_qr_code_batch() -> tuple[str, int] | BaseResponse:
    """Make the list's QR codes for the price the form names, and send them as a ZIP file.

    More than AT_ONCE_MAX are the worker's to make, and the answer leads to the batch's page. The same form sent again
    is the same file, or page, for nothing: the download broke off, or somebody pressed twice. 422 when the list can't
    be made or its price is another one (nothing is charged), 402 as everywhere.
    """
    form = QrCodeBatchForm()
    if not form.validate_on_submit() or form.batch is None:
        return _batch_page(form), 422
    if form.cost.data != FEATURES["qr-code-batch"].cost_of(form.batch):
        return _batch_page(form, has_new_price=True), 422
    note = plural(len(form.batch.texts), "QR code")
    try:
        if len(form.batch.texts) > qr_code_batch.AT_ONCE_MAX:
            return _leave_to_worker(form.batch, note)
        with spends_credits("qr-code-batch", input=form.batch, note=note):
            archive = qr_code_batch.make_zip(form.batch)
    except InsufficientCreditsError:
        if wants_json():
            raise
        return _batch_page(form), 402
    return send_zip(archive)


def _leave_to_worker(batch: qr_code_batch.Batch, note: str) -> BaseResponse:
    """Hold the batch's cost, write it down, in one transaction, and lead to its page."""
    from payapp.jobs.queue import call_worker  # huey is a fifteenth of the start, and no other page's

    user_id, session = current_user.id, db.session()
    use = spends_credits(
        "qr-code-batch", input=batch, user_id=user_id, note=note, expires_in_seconds=qr_batches.HOLD_SECONDS
    )
    batch_id = qr_batches.keep_batch(session, user_id, use.place_hold(), batch.texts)
    session.commit()
    call_worker(get_settings(), "make_qr_batches")
    page = url_for("qr_batches.show_batch", batch_id=batch_id)
    return redirect_htmx(page) if is_htmx() else redirect(page, 303)


def _way_out(error: InsufficientCreditsError, balance: Balance) -> dict[str, Any]:
    """Return what _insufficient.html shows: what is missing, what is set aside, and the package that helps."""
    return {
        "missing": error,
        "held": balance.held,
        "package_card": _helpful_package(error),
    }


def _helpful_package(error: InsufficientCreditsError) -> PackageCard:
    """Return the smallest package after which the credits would suffice, else the largest."""
    return build_package_cards([find_package_for(error.required - error.available)], daily_pace=None)[0]


def _qr_code_page(
    user_id: int,
    form: QrCodeForm,
    result: qr_codes.QrCode | None = None,
    error: InsufficientCreditsError | None = None,
) -> str:
    """Render the whole page, or for htmx the part that changes together with the header's balance."""
    template = "features/_qr_codes.html" if is_htmx() else "features/qr_codes.html"
    balance = get_balance(db.session(), user_id)
    feature = FEATURES["qr-code"]
    context = _way_out(error, balance) if error else {}
    return render_template(
        template, form=form, feature=feature, result=result, balance=balance, oob=is_htmx(), **context
    )


def _batch_page(form: QrCodeBatchForm, has_new_price: bool = False) -> str:
    """Render the page, or for htmx its price panel: empty, an error, or what the list costs, if it can be paid."""
    user_id = current_user.id
    feature, balance = FEATURES["qr-code-batch"], get_balance(db.session(), user_id)
    cost = feature.cost_of(form.batch) if form.batch else 0
    lacks = cost > max(balance.available, 0)
    context = _way_out(InsufficientCreditsError(user_id, cost, balance.available), balance) if lacks else {}
    return render_template(
        "features/_qr_code_batch_price.html" if is_htmx() else "features/qr_code_batch.html",
        form=form,
        feature=feature,
        cost=cost,
        balance=balance,
        has_new_price=has_new_price,
        limits=qr_code_batch,
        recent=[] if is_htmx() else qr_batches.list_batches(db.session(), user_id, RECENT_BATCHES),
        is_partial=is_htmx(),
        **context,
    )

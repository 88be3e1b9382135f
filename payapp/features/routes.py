"""The pages of priced features. Who may enter: logged-in users; each use costs credits."""

from typing import Any

from flask import Blueprint, render_template
from flask_login import current_user, login_required

from payapp.billing.packages import find_package_for
from payapp.credits.package_cards import PackageCard, build_package_cards
from payapp.extensions import db
from payapp.features import FEATURES, qr_codes, spends_credits
from payapp.features.forms import QrCodeForm
from payapp.htmx import is_htmx
from payapp.ledger.balances import get_balance
from payapp.ledger.errors import InsufficientCreditsError

ACCESS = "logged-in users"
blueprint = Blueprint("features", __name__)

FEATURE = FEATURES["qr-code"]


@blueprint.before_request
@login_required
def require_login() -> None:
    """Every priced feature is paid from the logged-in user's own account."""


@blueprint.app_errorhandler(InsufficientCreditsError)
def show_insufficient(error: InsufficientCreditsError) -> tuple[str, int]:
    """Any feature without a page of its own for it: 402, with a Buy button for the package that helps."""
    template = "features/_insufficient.html" if is_htmx() else "features/insufficient.html"
    return render_template(template, missing=error, package_card=_helpful_package(error)), 402


@blueprint.get("/features/qr-codes")
def show_qr_codes() -> str:
    """The form, with what a QR code costs."""
    return _page(current_user.id, QrCodeForm())


@blueprint.post("/features/qr-codes")
def make_qr_code() -> str | tuple[str, int]:
    """Make one QR code for its cost; 402 with the way to buy when credits are missing, 422 for a bad text."""
    user_id = current_user.id  # asked once: after a commit the question would load the user again
    form = QrCodeForm()
    if not form.validate_on_submit():
        return _page(user_id, form), 422
    try:
        with spends_credits(db.session(), user_id, FEATURE.id):
            result = qr_codes.make_qr_code(form.text.data)
    except InsufficientCreditsError as error:
        return _page(user_id, form, missing=error, package_card=_helpful_package(error)), 402
    except ValueError:
        form.text.errors = ["This text does not fit into a QR code. Nothing was charged."]
        return _page(user_id, form), 422
    return _page(user_id, form, result=result)


def _helpful_package(error: InsufficientCreditsError) -> PackageCard:
    """Return the smallest package after which the credits would suffice."""
    return build_package_cards([find_package_for(error.required - error.available)], daily_pace=None)[0]


def _page(user_id: int, form: QrCodeForm, result: qr_codes.QrCode | None = None, **context: Any) -> str:
    """Render the whole page, or for htmx the part that changes together with the header's balance."""
    template = "features/_qr_codes.html" if is_htmx() else "features/qr_codes.html"
    balance = get_balance(db.session(), user_id)
    return render_template(
        template, form=form, feature=FEATURE, result=result, balance=balance, oob=is_htmx(), **context
    )

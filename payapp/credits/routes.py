"""The credits page, buying, coming back, and the live balance. Who may enter: logged-in users."""

import hashlib
import logging
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as BaseResponse

from payapp.billing.checkout import starting as checkout
from payapp.billing.checkout.purchases import (
    PurchaseView,
    find_purchase,
    find_purchase_by_checkout_session,
    settle_with_stripe,
)
from payapp.billing.checkout.story import tell_story
from payapp.billing.errors import BillingError, CheckoutCompleteError, UnknownPackageError
from payapp.billing.packages import PACKAGES, get_package
from payapp.credits.activity import list_activity
from payapp.credits.chart import build_chart
from payapp.credits.forms import BuyPackageForm
from payapp.credits.pace import PACE_DAYS, measure_pace
from payapp.credits.package_cards import build_package_cards
from payapp.credits.purchase_notice import PurchaseNotice, build_notice, seconds_since, state_of
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.ledger.balances import Balance, get_balance, list_daily_usage
from payapp.stripe_types.objects import StripeServiceError
from payapp.web.errors import problem, wants_json
from payapp.web.htmx import is_htmx, redirect_htmx
from payapp.web.services import get_storefront, get_stripe

log = logging.getLogger(__name__)

ACCESS = "logged-in users"
RECENT_ENTRIES = 5
CHART_DAYS = 30

blueprint = Blueprint("credits", __name__)


@blueprint.before_request
@login_required
def require_login() -> None:
    """Every page of this blueprint is for the logged-in user, about their own account."""


@blueprint.get("/dashboard/credits")
def show_credits() -> str:
    """Balance, package cards and recent activity; on the way back from payment, how the purchase stands."""
    notice = None
    if request.args.get("success") == "true":
        notice = _returned_purchase(request.args.get("session_id", ""))
    # A purchase may just have been granted here: then the balance is another than when the request began.
    balance = get_balance(db.session(), current_user.id) if notice else current_user.balance
    return render_template(
        "credits/credits.html", purchase=notice, canceled=request.args.get("canceled") == "true", **_overview(balance)
    )


@blueprint.get("/dashboard/credits/balance")
def show_balance() -> BaseResponse:
    """The live balance partial, with the header's number out of band; 304 while nothing has changed."""

    def render(balance: Balance) -> str:
        usage = list_daily_usage(db.session(), current_user.id, days=PACE_DAYS)
        return render_template("credits/_live_balance.html", balance=balance, **_pace(usage, balance.available))

    return _unless_known(render)


@blueprint.get("/dashboard/credits/header")
def show_header_balance() -> BaseResponse:
    """The header's number, which every page asks for again when it is looked at; 304 while nothing has changed."""
    return _unless_known(lambda balance: render_template("_nav_balance.html", balance=balance))


def _unless_known(render: Callable[[Balance], str]) -> BaseResponse:
    """Answer what `render` makes of the balance; 304, and nothing rendered, where it would be the same as before.

    It is the same as long as the account, the day and payapp itself are the same: the pace is a matter of entries.
    """
    balance = current_user.balance
    facts = (current_user.id, balance, current_user.newest_entry_id, utc_now().date(), request.path, _fingerprint())
    etag = hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
    response = Response("" if request.if_none_match.contains_weak(etag) else render(balance))
    response.set_etag(etag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)


@cache
def _fingerprint() -> str:
    """Return what changes with every release: its templates may write the same facts otherwise."""
    templates = sorted(Path(current_app.root_path, "templates").rglob("*.html"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in templates)).hexdigest()


@blueprint.get("/dashboard/credits/purchases/<int:purchase_id>")
def show_purchase(purchase_id: int) -> str:
    """The purchase's own page: its states, the receipt once it is done, and what became of its money since."""
    notice = _settled_notice(_own_purchase(purchase_id), has_returned=False)
    return render_template("credits/purchase.html", purchase=notice, story=tell_story(db.session(), purchase_id))


@blueprint.get("/dashboard/credits/purchases/<int:purchase_id>/status")
def show_purchase_status(purchase_id: int) -> str | tuple[str, int]:
    """What the return page polls: 204 while waiting, else the final notice with balance and activity."""
    purchase = _own_purchase(purchase_id)
    waited_seconds = seconds_since(request.args.get("since", ""))
    state = state_of(purchase, has_returned=True, waited_seconds=waited_seconds)
    if state == "pending":
        return "", 204
    notice = build_notice(purchase, state)
    balance = get_balance(db.session(), current_user.id)
    return render_template("credits/_purchase_settled.html", purchase=notice, **_overview(balance))


@blueprint.post("/api/credits/checkout")
def start_checkout() -> BaseResponse:
    """Open a Checkout page for `packageId` (JSON) or `package_id` (form), and lead there. CSRF always.

    Who has paid already, and was not told, is led to the credits page instead.
    """
    package_id = _requested_package_id()
    try:
        package = get_package(package_id)
        url = checkout.start_checkout(db.session(), get_stripe(), get_storefront(), current_user.id, package)
    except CheckoutCompleteError as error:
        return _lead_to(_show_arrived(error.checkout_session_id))
    except UnknownPackageError:
        return _refuse_checkout(422, "unknown_package", "There is no such package.")
    except (StripeServiceError, BillingError) as error:
        db.session.rollback()
        if isinstance(error, BillingError):  # the wall has logged Stripe's own
            log.error("no Checkout page: %s", error)
        return _refuse_checkout(
            503, "checkout_unavailable", "The payment page can't be opened right now. You have not been charged."
        )
    return _lead_to(url)


def _requested_package_id() -> object:
    if request.is_json:
        body = request.get_json(silent=True)
        return body.get("packageId") if isinstance(body, dict) else None
    return BuyPackageForm().package_id.data


def _lead_to(url: str) -> BaseResponse:
    if request.is_json:
        return jsonify({"url": url})
    if is_htmx():
        return redirect_htmx(url)
    if _is_named_by_policy(url):
        return redirect(url, 303)
    return Response(render_template("credits/payment_page.html", url=url), headers={"Cache-Control": "no-store"})


def _is_named_by_policy(url: str) -> bool:
    """Whether a browser follows a form to `url`: our own pages, and where Checkout usually is."""
    parts = urlsplit(url)
    known = {get_storefront().base_url, *current_app.config["CHECKOUT_ORIGINS"]}
    return f"{parts.scheme}://{parts.netloc}" in known


def _show_arrived(checkout_session_id: str) -> str:
    """Return where the customer sees what became of a payment they had not heard of. Buying more is one press away."""
    if not request.is_json:
        flash("Your payment has arrived, so no other payment page was opened. To buy more, choose a package.", "info")
    return get_storefront().return_url(checkout_session_id)


def _refuse_checkout(status: int, code: str, message: str) -> BaseResponse:
    """Programs get the status; people go back to the credits page, which shows the message."""
    if wants_json():
        return problem(status, code, message)
    flash(message, "bad")
    page = url_for("credits.show_credits")
    return redirect_htmx(page) if is_htmx() else redirect(page, 303)


def _overview(balance: Balance) -> dict[str, Any]:
    """Return what both the credits page and the settled notice show beside the balance."""
    session = db.session()
    usage = list_daily_usage(session, current_user.id, days=CHART_DAYS)
    pace = _pace(usage, balance.available)
    return pace | {
        "balance": balance,
        "chart": build_chart(usage) if any(used for _, used in usage) else None,
        "cards": build_package_cards(PACKAGES, pace["daily_pace"]),
        "entries": list_activity(session, current_user.id, limit=RECENT_ENTRIES),
    }


def _pace(usage: list[tuple[date, int]], available: int) -> dict[str, Any]:
    pace = measure_pace(usage, available)
    return {"daily_pace": pace.daily, "days_left": pace.days_left, "is_low": pace.is_low}


def _own_purchase(purchase_id: int) -> PurchaseView:
    purchase = find_purchase(db.session(), current_user.id, purchase_id)
    if purchase is None:
        abort(404)
    return purchase


def _returned_purchase(checkout_session_id: str) -> PurchaseNotice | None:
    """Return how the purchase stands with which the customer comes back; None if it is not theirs.

    Reloading the page is harmless, and so is an address that somebody made up.
    """
    purchase = find_purchase_by_checkout_session(db.session(), current_user.id, checkout_session_id)
    return _settled_notice(purchase, has_returned=True) if purchase else None


def _settled_notice(purchase: PurchaseView, *, has_returned: bool) -> PurchaseNotice:
    """Return how the purchase stands. Still pending: the webhook may be late or lost, so Stripe is asked, once."""
    needs_review = False
    if purchase.status == "pending" and purchase.stripe_checkout_session_id:
        with writing():
            needs_review = settle_with_stripe(db.session(), get_stripe(), purchase.stripe_checkout_session_id)
        purchase = _own_purchase(purchase.id)
    state = "review" if needs_review else state_of(purchase, has_returned=has_returned)
    since = int(utc_now().timestamp())
    poll_url = url_for("credits.show_purchase_status", purchase_id=purchase.id, since=since)
    return build_notice(purchase, state, poll_url)

"""The Checkout page: `/c/pay/<session id>`. No card, no script, no money: only the choice of what happens."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as WerkzeugResponse

from fake_stripe.errors import JsonObject, StripeError
from fake_stripe.money.currencies import format_money, format_unit
from fake_stripe.money.discounts import apply_typed_code
from fake_stripe.money.payments import OUTCOMES, pay
from fake_stripe.resources import checkout_sessions
from fake_stripe.resources.checkout_blank import KIND as SESSION
from fake_stripe.resources.checkout_line_items import line_items_of
from fake_stripe.stand_in import StandIn, current_stand_in
from fake_stripe.state.ids import new_id
from fake_stripe.work import Work

payment_page = Blueprint("payment_page", __name__)
payment_page.add_app_template_filter(format_money, "money")
payment_page.add_app_template_filter(format_unit, "unit_money")


@payment_page.get("/c/pay/<session_id>")
def show_payment_page(session_id: str) -> Response:
    """Show the order and the choice of outcomes, or what became of a session that is over."""
    stand_in = current_stand_in()
    work = stand_in.work()
    session = _find_session(work, session_id)
    if session is None:
        return _page("payment_unknown.html", 404)
    if session["status"] != "open":
        return _page("payment_over.html", session=session, return_url=_success_url(session))
    return _page(
        "payment.html",
        session=session,
        items=_shown_items(work, session_id),
        email=_known_email(work, session),
        outcomes=_choices(stand_in),
        is_declined="declined" in request.args,
        is_code_refused="code_refused" in request.args,
    )


@payment_page.post("/c/pay/<session_id>")
def submit_payment(session_id: str) -> WerkzeugResponse:
    """Let the chosen outcome happen and lead on: to success_url, back to this page, or to its end.

    `outcome` may also be `expire`. With `promotion_code` nothing is paid, only the code redeemed.
    A session that is over shows its page again, whatever was chosen.
    """
    stand_in = current_stand_in()
    outcome, email = request.form.get("outcome", ""), request.form.get("email") or None
    with stand_in.store.transaction():
        work = stand_in.work(new_id("request"))
        session = _find_session(work, session_id)
        if session is None:
            return _page("payment_unknown.html", 404)
        is_overdue = session["expires_at"] <= work.now
        if session["status"] == "open" and (outcome == "expire" or is_overdue):
            session = checkout_sessions.expire(work, session)
        if session["status"] != "open":
            return redirect(request.path, 303)
        if "promotion_code" in request.form:
            return _redeem(work, session, request.form["promotion_code"])
        session = pay(work, session_id, outcome, email)
    if outcome == "declined":
        return redirect(f"{request.path}?declined=1", 303)
    return redirect(_success_url(session), 303)


def _redeem(work: Work, session: JsonObject, text: str) -> WerkzeugResponse:
    try:
        apply_typed_code(work, session, text)
    except StripeError:
        return redirect(f"{request.path}?code_refused=1", 303)
    return redirect(request.path, 303)


@payment_page.get("/receipts/<receipt_id>")
def show_receipt(receipt_id: str) -> Response:
    """Show the receipt that a charge's `receipt_url` names."""
    stand_in = current_stand_in()
    address = f"{stand_in.settings.public_url}/receipts/{receipt_id}"
    rows = stand_in.store.rows(
        "SELECT id FROM objects WHERE kind = 'charge' AND json_extract(body, '$.receipt_url') = ?", (address,)
    )
    if not rows:
        return _page("payment_unknown.html", 404)
    return _page("receipt.html", charge=stand_in.work().get("charge", rows[0]["id"], "id"))


def _find_session(work: Work, session_id: str) -> JsonObject | None:
    try:
        return work.get(SESSION, session_id, "session")
    except StripeError:
        return None


def _shown_items(work: Work, session_id: str) -> list[JsonObject]:
    items = line_items_of(work, session_id)
    products = [work.find("product", item["price"]["product"]) for item in items]
    return [{**item, "product": found.body if found else {}} for item, found in zip(items, products, strict=True)]


def _known_email(work: Work, session: JsonObject) -> str | None:
    stored = work.find("customer", session["customer"]) if session["customer"] else None
    email: str | None = stored.body["email"] if stored else session["customer_email"]
    return email


def _choices(stand_in: StandIn) -> list[JsonObject]:
    late, settle = stand_in.settings.late_seconds, stand_in.settings.settle_seconds
    details = {
        "paid": "The webhook arrives right away",
        "late_webhook": f"Pending for {late:g} seconds",
        "settles": f"Paid about {settle:g} seconds later",
        "settle_fails": f"The bank refuses after {settle:g} seconds",
        "declined": "You stay here and can try again",
        "lost_webhook": "Paid, but the event is never sent",
    }
    return [{**vars(one), "detail": details[one.name]} for one in OUTCOMES.values()]


def _success_url(session: JsonObject) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _page(template: str, status: int = 200, **values: object) -> Response:
    merchant = current_stand_in().settings.merchant_name
    response = Response(render_template(template, merchant=merchant, **values), status)
    response.headers["Content-Security-Policy"] = _policy(values.get("session"))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _policy(session: object) -> str:
    """Browsers check form-action along redirects too, so the shop's own origin must be in it."""
    shop = ""
    if isinstance(session, dict):
        parts = urlsplit(session["success_url"])
        shop = f" {parts.scheme}://{parts.netloc}"
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self'{shop}"
    )

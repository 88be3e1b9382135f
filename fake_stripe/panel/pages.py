"""What all pages of the panel have in common: frame, headers, and how an error looks."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from flask import Response, current_app, render_template, request

from fake_stripe.errors import StripeError
from fake_stripe.money.currencies import format_money
from fake_stripe.panel.root import ROOT
from fake_stripe.panel.sentences import SENTENCES
from fake_stripe.stand_in import current_stand_in
from fake_stripe.state.store import to_json

BACK = "back"  # the field that says which page a button was on
LIVE_SECONDS = 3
MINUS = "\N{MINUS SIGN}"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


PageFunction = Callable[..., Response]
PAGES: dict[str, PageFunction] = {}


def shown_at(path: str) -> Callable[[PageFunction], PageFunction]:
    """Declare the function that shows the page at this address, below the panel."""

    def register(function: PageFunction) -> PageFunction:
        PAGES[path] = function
        return function

    return register


def page(template: str, status: int = 200, **values: object) -> Response:
    """Return a page of the panel. With `?live=1` the browser loads it again every few seconds."""
    stand_in = current_stand_in()
    is_live = "live" in request.args
    current_app.jinja_env.filters.update(_FILTERS)  # here, because the panel is loaded after the application is set up
    html = render_template(
        f"panel/{template}",
        root=ROOT,
        merchant=stand_in.settings.merchant_name,
        now=stand_in.clock.timestamp(),
        offset_seconds=stand_in.clock.offset_seconds,
        done=SENTENCES.get(request.args.get("done", "")),
        here=_address(done=None),
        is_live=is_live,
        switch_live=_address(done=None, live=None if is_live else "1"),
        **values,
    )
    response = Response(html, status)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    # Not `no-referrer`: with that, browsers send `Origin: null` with the panel's own forms, and the guard refuses them.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if is_live and status == 200:
        response.headers["Refresh"] = f"{LIVE_SECONDS}; url={_address(done=None)}"
    return response


def _address(**changes: str | None) -> str:
    """Return the present address with some of its query changed, None taking a part out; after a button, its page's."""
    if request.method == "POST":
        return own_address(request.form.get(BACK, ""))
    query = {**request.args.to_dict(), **changes}
    kept = urlencode({name: value for name, value in query.items() if value is not None})
    return f"{request.path}?{kept}" if kept else request.path


def refusal(error: StripeError) -> Response:
    """Show an error of the stand-in's to a person, with the status that a program would get."""
    return page("refusal.html", error.status, error=error, back=own_address(request.form.get(BACK, "")))


def own_address(address: str) -> str:
    """Return the address if it is a page of the panel, else the overview's: a form may have been forged."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ROOT
    is_ours = not parts.netloc and not parts.scheme and f"{parts.path}/".startswith(f"{ROOT}/")
    return address if is_ours else ROOT


def moment(timestamp: float | None) -> str:
    """Write a time for people, in UTC: 22 Nov 2026, 18:04:09."""
    return f"{_utc(timestamp):%-d %b %Y, %H:%M:%S}" if timestamp is not None else ""


def short_moment(timestamp: float) -> str:
    """Write a time for lists, in UTC: 22 Nov, 18:04:09."""
    return f"{_utc(timestamp):%-d %b, %H:%M:%S}"


def iso_moment(timestamp: float) -> str:
    """Write a time for machines."""
    return _utc(timestamp).isoformat(timespec="seconds")


def duration(seconds: float) -> str:
    """Write how long something takes in its largest units: 8 d 3 h, 20 min, 45 s."""
    left, words = round(seconds), []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"


def signed_money(amount: int, currency: str) -> str:
    """Write an amount that may be below zero, with a true minus sign."""
    return f"{MINUS if amount < 0 else ''}{format_money(abs(amount), currency)}"


def _utc(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


_FILTERS: dict[str, Callable[..., str]] = {
    "moment": moment,
    "short_moment": short_moment,
    "iso_moment": iso_moment,
    "duration": duration,
    "signed_money": signed_money,
    "pretty_json": to_json,
}

"""`/_control/panel`: the stand-in's control panel, pages for a developer. Plain HTML and forms, no script.

What a button does is an order of `control/`; this package only shows the state and offers what makes sense in it.
"""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from payapp.fake_stripe.control.guard import refuse_other_sites
from payapp.fake_stripe.errors import StripeError
from payapp.fake_stripe.panel import buttons, events, lists, overview, pages, payments, sessions, trouble, webhooks
from payapp.fake_stripe.store import to_json

panel = Blueprint("panel", __name__, url_prefix=pages.ROOT)
panel.before_request(refuse_other_sites)
panel.register_error_handler(StripeError, pages.refusal)
for write in (pages.moment, pages.short_moment, pages.iso_moment, pages.duration, pages.signed_money):
    panel.add_app_template_filter(write)
panel.add_app_template_filter(to_json, "pretty_json")
for part in (buttons, events, lists, overview, payments, sessions, trouble, webhooks):
    panel.register_blueprint(part.blueprint)


@panel.get("/<path:anything>")
def show_nothing(anything: str) -> WerkzeugResponse:
    """Say on a page of the panel that there is no such page."""
    return pages.refusal(StripeError(f"The panel has no page called {anything}.", status=404))


def enter() -> WerkzeugResponse:
    """Lead from the stand-in's root to its panel."""
    return redirect(url_for("panel.overview.show_overview"), 302)

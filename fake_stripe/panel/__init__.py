"""`/_control/panel`: the stand-in's control panel, pages for a developer. Plain HTML and forms, no script.

What a button does is an order of `control/`; this package only shows the state and offers what makes sense in it.
It is loaded when somebody opens it: nearly every start is a test's, and a start must stay short.
"""

from flask import Blueprint, redirect
from werkzeug.wrappers import Response as WerkzeugResponse

from fake_stripe.control.guard import refuse_other_sites
from fake_stripe.errors import StripeError
from fake_stripe.panel.root import ROOT

panel = Blueprint("panel", __name__, url_prefix=ROOT)
panel.before_request(refuse_other_sites)


@panel.route("", defaults={"path": ""}, methods=["GET", "POST"])
@panel.route("/<path:path>", methods=["GET", "POST"])
def answer(path: str) -> WerkzeugResponse:
    """Show a page, or carry out what a button orders."""
    from fake_stripe.panel.addresses import answer_at

    return answer_at(path)


@panel.errorhandler(StripeError)
def refuse(error: StripeError) -> WerkzeugResponse:
    """Show on a page of the panel why not."""
    from fake_stripe.panel.pages import refusal

    return refusal(error)


def enter() -> WerkzeugResponse:
    """Lead from the stand-in's root to its panel."""
    return redirect(ROOT, 302)

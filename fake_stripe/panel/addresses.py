"""Which page or order an address of the panel means."""

from functools import partial

from flask import request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response as WerkzeugResponse

from fake_stripe.control.orders import ORDERS
from fake_stripe.errors import StripeError
from fake_stripe.panel import events, lists, overview, payments, sessions, trouble, webhooks  # noqa: F401
from fake_stripe.panel.buttons import panel_path, press
from fake_stripe.panel.pages import PAGES


def answer_at(path: str) -> WerkzeugResponse:
    """Show the page or press the button. Raises StripeError 404 and 405 where there is none."""
    try:
        found, ids = _ADDRESSES.match(f"/{path}", request.method)
    except HTTPException as error:
        message = f"The panel has no page called {path}." if error.code == 404 else "This address is a button's."
        raise StripeError(message, status=error.code or 404) from error
    response: WerkzeugResponse = found(**ids)
    return response


_ADDRESSES = Map(
    [
        *(Rule(path, endpoint=function, methods=["GET"]) for path, function in PAGES.items()),
        *(Rule(panel_path(order), endpoint=partial(press, order), methods=["POST"]) for order in ORDERS),
    ],
    redirect_defaults=False,
).bind("")

"""Every order as a form: `POST /_control/panel/<the order's path>`, and back to the page with 303."""

import time
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from fake_stripe.control.body import refuse_unknown
from fake_stripe.control.orders import Order
from fake_stripe.errors import JsonObject
from fake_stripe.panel.pages import BACK, own_address
from fake_stripe.stand_in import StandIn, current_stand_in

FIRST_ATTEMPT_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 0.02


def panel_path(order: Order) -> str:
    """Return where the order's button posts to, below the panel: forms have no DELETE."""
    return f"{order.path}/clear" if order.method == "DELETE" else order.path


def press(order: Order, **ids: str) -> WerkzeugResponse:
    """Carry out an order with a form's fields, then lead back. Raises StripeError as its control call does."""
    stand_in = current_stand_in()
    order.function(stand_in, _read_form(order), **ids)
    _await_first_attempts(stand_in)
    return redirect(_way_back(request.form.get(BACK, ""), order.name), 303)


def _read_form(order: Order) -> JsonObject:
    """Return the body that a program would send as JSON. An empty field was not filled in, so it is not sent."""
    sent = {name: text.strip() for name, text in request.form.items() if name != BACK}
    refuse_unknown(sent, *order.fields)
    return {name: _read_field(text, order.fields[name]) for name, text in sent.items() if text}


def _read_field(text: str, field_type: str) -> str | int | float | list[str]:
    """What is no number stays text, so that the order refuses it in its own words."""
    if field_type == "words":
        return text.replace(",", " ").split()
    try:
        if field_type == "amount":
            return int(text)
        return float(text) if field_type == "number" else text
    except ValueError:
        return text


def _await_first_attempts(stand_in: StandIn) -> None:
    """Give the app a moment to answer the webhooks of this order, so that the page shows what became of them."""
    end = time.monotonic() + FIRST_ATTEMPT_SECONDS
    while time.monotonic() < end and not stand_in.deliverer.is_held:
        if not stand_in.store.rows(_UNTRIED, (stand_in.clock.now(),)):
            return
        time.sleep(_LOOK_AGAIN_SECONDS)


_UNTRIED = "SELECT 1 FROM deliveries WHERE status = 'pending' AND attempts = 0 AND next_attempt_at <= ? LIMIT 1"


def _way_back(address: str, done: str) -> str:
    """Return the page the button was on, with what to say there."""
    parts = urlsplit(own_address(address))
    return f"{parts.path}?{urlencode({**dict(parse_qsl(parts.query)), 'done': done})}"

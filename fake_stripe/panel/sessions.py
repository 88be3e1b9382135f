"""The page of one Checkout session: how it stands, and the payer's moves."""

from flask import Response

from fake_stripe.money.cards import CARDS
from fake_stripe.money.payments import OUTCOMES
from fake_stripe.panel.events import event_lines
from fake_stripe.panel.labels import session_label
from fake_stripe.panel.pages import page, shown_at
from fake_stripe.panel.related import read_bodies, read_events
from fake_stripe.panel.rows import email_of
from fake_stripe.panel.timeline import steps_of
from fake_stripe.resources.checkout_line_items import line_items_of
from fake_stripe.stand_in import StandIn, current_stand_in


@shown_at("/sessions/<session_id>")
def show_session(session_id: str) -> Response:
    """Show a Checkout session. An unknown id is a 404."""
    stand_in = current_stand_in()
    session = stand_in.work().get("checkout.session", session_id, "session", status=404)
    # Its payment's events belong to its story; they are found by the payment intent.
    ids = [session_id, *([session["payment_intent"]] if session["payment_intent"] else [])]
    events = read_events(stand_in.store, *ids)
    return page(
        "session.html",
        session=session,
        label=session_label(session),
        email=email_of(session, read_bodies(stand_in.store, [session["customer"]])),
        items=line_items_of(stand_in.work(), session_id),
        outcomes=list(OUTCOMES.values()),
        cards=list(CARDS.values()),
        is_settling=_is_settling(stand_in, session_id),
        steps=steps_of(events),
        events=event_lines(stand_in.store, events),
    )


def _is_settling(stand_in: StandIn, session_id: str) -> bool:
    sql = "SELECT 1 FROM appointments WHERE object_id = ? AND action IN ('settles', 'settle_fails')"
    return bool(stand_in.store.rows(sql, (session_id,)))

"""The first page: the clock, the money, the webhooks, and the newest of everything."""

from flask import Response

from fake_stripe.money.sums import summarize_money
from fake_stripe.panel.lists import LISTS, read_lines
from fake_stripe.panel.pages import page, shown_at
from fake_stripe.panel.webhooks import read_webhooks
from fake_stripe.stand_in import current_stand_in

NEWEST = 5
STEPS_FORWARD = (
    (600, "10 minutes"),
    (3600, "1 hour"),
    (86400, "1 day"),
    (8 * 86400, "8 days"),
    (31 * 86400, "31 days"),
)


@shown_at("/")
def show_overview() -> Response:
    """Show how things stand."""
    stand_in = current_stand_in()
    return page(
        "overview.html",
        lists=[(shown, read_lines(stand_in, shown, {}, NEWEST)) for shown in LISTS.values()],
        currencies=summarize_money(stand_in.store)["currencies"],
        webhooks=read_webhooks(stand_in),
        faults=stand_in.faults.list_armed(),
        steps_forward=STEPS_FORWARD,
    )

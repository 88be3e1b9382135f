"""The landing page. Who may enter: anyone."""

from datetime import timedelta

from flask import Blueprint, render_template

from payapp.billing.packages import PACKAGES
from payapp.credits.chart import build_chart
from payapp.credits.pace import measure_pace
from payapp.credits.package_cards import build_package_cards
from payapp.database.clock import utc_now

# An imaginary account, its newest day last: the landing page draws the real chart with it.
EXAMPLE_BALANCE = 1240
EXAMPLE_USE = [18, 22, 0, 4, 31, 44, 38, 27, 5, 0, 36, 52, 47, 61, 40, 12, 3, 58, 66, 49, 71, 54, 9, 6, 63, 77, 82]
EXAMPLE_USE += [59, 48, 35]

ACCESS = "anyone"
blueprint = Blueprint("landing", __name__)


@blueprint.get("/")
def show_landing() -> str:
    """Show what payapp is and what its packages cost. Signed-in people see it too."""
    today = utc_now().date()
    use = [(today - timedelta(days=ago), used) for ago, used in enumerate(reversed(EXAMPLE_USE))][::-1]
    return render_template(
        "landing.html",
        cards=build_package_cards(PACKAGES, daily_pace=None),
        example_chart=build_chart(use),
        example_balance=EXAMPLE_BALANCE,
        example_days_left=measure_pace(use, EXAMPLE_BALANCE).days_left,
    )

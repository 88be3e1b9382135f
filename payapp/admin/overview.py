"""/admin/: what waits for staff, what reconciliation found last, and what money is at risk."""

from flask import Response

from payapp.admin.blueprint import blueprint, show
from payapp.billing.reconciliation.reports import list_reports
from payapp.database.paging import Place
from payapp.extensions import db
from payapp.staff.event_views import count_events, list_events
from payapp.staff.money_at_risk import list_contested, list_debtors
from payapp.webhooks.models import EventStatus

COUNTED_MAX = 100
LISTED_MAX = 20
EVENTS_LISTED = 5
WAITING: tuple[EventStatus, ...] = ("quarantined", "failed")


@blueprint.get("/")
def show_overview() -> Response:
    """Events in quarantine and events that failed, the last reconciliations, open disputes, and who is in debt."""
    session = db.session()
    place = Place(None, EVENTS_LISTED)
    waiting = [
        (each, count_events(session, each, COUNTED_MAX + 1), list_events(session, each, place)) for each in WAITING
    ]
    return show(
        "overview.html",
        waiting=waiting,
        counted_max=COUNTED_MAX,
        listed_max=LISTED_MAX,
        reports=list_reports(session),
        contested=list_contested(session, LISTED_MAX),
        debtors=list_debtors(session, LISTED_MAX),
    )

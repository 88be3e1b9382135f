"""/admin/events: what Stripe has told; events are applied again, accepted or dismissed."""

from collections.abc import Callable
from typing import get_args

from flask import Response, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from payapp.admin.blueprint import blueprint, place_asked, reason_in, show
from payapp.admin.forms import ActForm
from payapp.audit import Reason
from payapp.billing.errors import BillingError
from payapp.extensions import db
from payapp.ledger.errors import LedgerError
from payapp.staff import events
from payapp.staff.event_views import find_event, list_events
from payapp.stripe_types.objects import StripeServiceError
from payapp.web.services import get_stripe
from payapp.webhooks.inbox import TELLS_OF_PAYMENT, UNSETTLED, UnknownEventError
from payapp.webhooks.models import EventStatus

STATUSES: tuple[EventStatus, ...] = get_args(EventStatus)


@blueprint.get("/events")
def show_events() -> Response:
    """The events, newest first, or those with one status."""
    status = next((known for known in STATUSES if known == request.args.get("status")), None)
    found = list_events(db.session(), status, place_asked())
    return show("events.html", chosen=status, statuses=STATUSES, found=found)


@blueprint.get("/events/<event_id>")
def show_event(event_id: str) -> Response:
    """One event: its letter, what became of it, and what can be done."""
    return _page(event_id, ActForm())


@blueprint.post("/events/<event_id>/replay")
def replay(event_id: str) -> Response | BaseResponse:
    """Apply it again. Harmless for one that was applied."""

    def act(reason: Reason) -> str:
        return f"{event_id} is {events.replay_event(db.session(), get_stripe(), reason, event_id)}."

    return _act(event_id, act)


@blueprint.post("/events/<event_id>/accept")
def accept(event_id: str) -> Response | BaseResponse:
    """Grant the payment in quarantine that it tells of, once."""

    def act(reason: Reason) -> str:
        purchase_id = events.accept_event(db.session(), get_stripe(), reason, event_id, str(reason.actor))
        return f"Purchase {purchase_id} is granted." if purchase_id else "This payment was settled before."

    return _act(event_id, act)


@blueprint.post("/events/<event_id>/dismiss")
def dismiss(event_id: str) -> Response | BaseResponse:
    """Close it: it moves nothing."""

    def act(reason: Reason) -> str:
        is_closed = events.dismiss_event(db.session(), reason, event_id)
        return f"{event_id} is closed." if is_closed else f"{event_id} was settled before."

    return _act(event_id, act)


def _act(event_id: str, act: Callable[[Reason], str]) -> Response | BaseResponse:
    """Do it with the form's reason, commit, and lead back; what goes wrong is told, and nothing has moved."""
    form = ActForm()
    if find_event(db.session(), event_id) is None:
        abort(404)
    if not form.validate_on_submit():
        return _page(event_id, form)
    try:
        done = act(reason_in(form))
        db.session.commit()
    except (BillingError, LedgerError, StripeServiceError, UnknownEventError) as error:
        db.session.rollback()
        flash(f"Nothing has moved: {error}", "bad")
    else:
        flash(done, "ok")
    return redirect(url_for("admin.show_event", event_id=event_id), 303)


def _page(event_id: str, form: ActForm) -> Response:
    event = find_event(db.session(), event_id)
    if event is None:
        abort(404)
    return show(
        "event.html",
        event=event,
        form=form,
        can_accept=event.status == "quarantined" and event.event_type in TELLS_OF_PAYMENT,
        can_dismiss=event.status in UNSETTLED,
        status=422 if form.is_submitted() else 200,
    )

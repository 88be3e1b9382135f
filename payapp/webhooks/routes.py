"""POST /webhooks/stripe: Stripe's door. Who may enter: whoever can sign with our webhook secret."""

import logging

from flask import Blueprint, Response, request
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from payapp.billing.errors import QuarantineError
from payapp.extensions import csrf, db
from payapp.stripe_types.objects import Event, InvalidEventError, MalformedObjectError
from payapp.web.services import get_stripe
from payapp.webhooks.inbox import process_event, record_failure
from payapp.webhooks.one_statement import process_at_once

log = logging.getLogger(__name__)

ACCESS = "signed by Stripe"
blueprint = Blueprint("webhooks", __name__)
csrf.exempt(blueprint)  # Stripe has no token of ours; its signature stands in for it


@blueprint.post("/webhooks/stripe")
def receive_event() -> Response:
    """Verify, record, process and answer one event.

    2xx: applied, known already, ignored or quarantined. 400: not verifiable. 413: over 1 MB. 503: no secret is
    set, or the database is down. 500: the handler failed, and trying again can help.
    """
    stripe = get_stripe()
    if not stripe.receives_events:
        return _answer(503, "STRIPE_WEBHOOK_SECRET is not set")
    try:
        event = stripe.verify_event(_read_body(), request.headers.get("Stripe-Signature"))
    except InvalidEventError as error:
        log.warning("refused a webhook: %s", error)
        return _answer(400, "not an event signed for this endpoint")
    return _process(event)


def _read_body() -> bytes:
    """Return the body. Raises RequestEntityTooLarge (413) when it is over the limit."""
    body = request.get_data(cache=False)
    # A body in chunks, without a length, is cut off at the limit by Werkzeug 3.1, not refused.
    if request.content_length is None and len(body) >= (request.max_content_length or 0):
        raise RequestEntityTooLarge
    return body


def _process(event: Event) -> Response:
    try:
        status = process_at_once(db.engine, event)
        if status is None:
            status = process_event(db.session(), event)
            db.session.commit()
        return _answer(200, status)
    except (QuarantineError, MalformedObjectError) as error:
        log.error("quarantined %s (%s): %s", event.id, event.event_type, error)
        return _fail(event, error)
    except (OperationalError, InterfaceError):
        return _answer_database_down(event)
    except Exception as error:
        log.exception("failed to process %s (%s)", event.id, event.event_type)
        return _fail(event, error)


def _fail(event: Event, error: Exception) -> Response:
    """Undo what the handler did, keep the event with its error; the answer tells Stripe whether to come again."""
    try:
        db.session.rollback()
        status = record_failure(db.session(), event, error)
        db.session.commit()
        return _answer(200 if status == "quarantined" else 500, status)
    except SQLAlchemyError:
        return _answer_database_down(event)


def _answer_database_down(event: Event) -> Response:
    """The event could not even be kept: Stripe has to bring it again."""
    log.exception("the database failed while processing %s (%s)", event.id, event.event_type)
    db.session.rollback()
    return _answer(503, "the database is not available")


def _answer(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, mimetype="text/plain")

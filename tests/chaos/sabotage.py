"""Sabotaged applications, to show that chaos finds what it is there to find. Gunicorn serves one instead of wsgi:app.

Each breaks one promise in a way that only a kill at the wrong moment shows:
`python -m tests.chaos --kills 6 --events 150 --application 'tests.chaos.sabotage:answers_first()'`
"""

import threading
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from payapp import create_app, features
from payapp.billing.checkout import fulfillment
from payapp.extensions import db
from payapp.ledger.holds import capture_hold
from payapp.ledger.posting import PostedEntry, grant
from payapp.webhooks import inbox

# How long the sabotaged moment lasts: long enough that every kill falls into some.
GAP_SECONDS = 1.5

WsgiApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]


def answers_first() -> WsgiApplication:
    """Answers webhooks 200 at once, and looks at them afterwards."""
    app = create_app()

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/webhooks/stripe":
            return app(environ, start_response)
        body = BytesIO(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        threading.Thread(target=_serve_later, args=(app, {**environ, "wsgi.input": body}), daemon=True).start()
        start_response("200 OK", [("Content-Length", "0")])
        return []

    return serve


def _serve_later(app: Flask, environ: dict[str, Any]) -> None:
    time.sleep(GAP_SECONDS)
    b"".join(app.wsgi_app(environ, lambda *_: lambda _: None))


def records_first() -> Flask:
    """Commits an event as processed before it is."""
    record = inbox._record

    def record_and_commit(session: Session, *arguments: Any) -> int | None:
        row_id = record(session, *arguments)
        session.commit()
        time.sleep(GAP_SECONDS)
        return row_id

    vars(inbox)["_record"] = record_and_commit
    return create_app()


def grants_apart() -> Flask:
    """Grants in a transaction of its own, and records purchase and event afterwards. Not on SQLite: one writer."""

    def grant_and_commit(_session: Session, user_id: int, amount: int, *, idempotency_key: str, note: str) -> None:
        with Session(db.engine) as apart:
            grant(apart, user_id, amount, idempotency_key=f"{idempotency_key} at {time.time()}", note=note)
            apart.commit()
        time.sleep(GAP_SECONDS)

    vars(fulfillment)["grant"] = grant_and_commit
    return create_app()


def captures_later() -> Flask:
    """Gives the QR code away, and captures its hold afterwards."""
    app = create_app()

    def capture_soon(_session: Session, hold_id: int, _amount: int | None = None) -> None:
        threading.Thread(target=_capture, args=(app, hold_id), daemon=True).start()

    vars(features)["capture_hold"] = capture_soon
    return app


def _capture(app: Flask, hold_id: int) -> PostedEntry:
    time.sleep(GAP_SECONDS)
    with app.app_context(), Session(db.engine) as session:
        entry = capture_hold(session, hold_id)
        session.commit()
    return entry

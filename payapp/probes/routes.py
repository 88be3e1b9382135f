"""The operator's door: is the process alive, is it ready for traffic? Who may enter: anyone who reaches it."""

import logging
from functools import cache

from flask import Blueprint, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from payapp.api.request_counts import get_request_counts
from payapp.config import PROJECT_ROOT
from payapp.extensions import db
from payapp.web.mailing import has_mail
from payapp.web.services import get_settings, get_stripe

log = logging.getLogger(__name__)

ACCESS = "anyone"
blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
def show_health() -> Response:
    """200 as long as the process answers; asks nothing of the database."""
    return jsonify({"status": "alive"})


@blueprint.get("/readyz")
def show_readiness() -> tuple[Response, int]:
    """200 when the database answers and has every migration; else 503 with the reason, which the log tells once.

    `notes` tells what works, but not as the settings say; `stripe` what Stripe refused to this process, last within
    an hour. Neither takes the host out of balance.
    """
    reason = _find_reason()
    _log_news(reason)
    if reason:
        return jsonify({"status": "not ready", "reason": reason}), 503
    return jsonify({"status": "ready"} | _list_warnings()), 200


def _list_warnings() -> dict[str, object]:
    """What an operator should know, though no other host would fare better."""
    notes, refusal = get_request_counts().notes(), get_stripe().refusals.find_recent()
    if not has_mail() and get_settings().is_production:
        notes = [*notes, "MAIL_URL is empty: no mails, and nothing that needs them"]
    warnings: dict[str, object] = {"notes": notes} if notes else {}
    if refusal:
        warnings["stripe"] = f"refused a call at {refusal.at:%Y-%m-%dT%H:%M:%SZ}: {refusal.words}"
    return warnings


def _find_reason() -> str | None:
    """Return why no traffic should come; None when all is well."""
    from alembic.migration import MigrationContext  # not needed to start, and only here

    wanted = _newest_migration()
    try:
        found = MigrationContext.configure(db.session.connection()).get_current_revision()
    except SQLAlchemyError as error:
        db.session.rollback()
        return f"database: {type(error).__name__}"
    return None if found == wanted else f"migrations: at {found}, want {wanted}"


def _log_news(reason: str | None) -> None:
    """Platforms ask every few seconds: only what is new since the last time is worth a line."""
    last, current_app.extensions["payapp_not_ready"] = current_app.extensions.get("payapp_not_ready"), reason
    if reason and reason != last:
        log.warning("not ready, waiting: %s", reason)


@cache
def _newest_migration() -> str | None:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(PROJECT_ROOT / "migrations")).get_current_head()

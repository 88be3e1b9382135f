"""The operator's door: is the process alive, is it ready for traffic? Who may enter: anyone who reaches it."""

import logging
from functools import cache

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from payapp.api.request_counts import get_request_counts
from payapp.config import PROJECT_ROOT
from payapp.extensions import db

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

    `notes` tells what works, but not as the settings say.
    """
    reason = _find_reason()
    _log_news(reason)
    if reason:
        return jsonify({"status": "not ready", "reason": reason}), 503
    notes = get_request_counts().notes()
    return jsonify({"status": "ready", "notes": notes} if notes else {"status": "ready"}), 200


def _find_reason() -> str | None:
    """Return why no traffic should come; None when all is well."""
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
    return ScriptDirectory(str(PROJECT_ROOT / "migrations")).get_current_head()

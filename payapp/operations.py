"""The operator's door: is the process alive, is it ready for traffic? Who may enter: anyone who reaches it."""

from functools import cache

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from payapp.config import PROJECT_ROOT
from payapp.extensions import db

ACCESS = "anyone"
blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
def show_health() -> Response:
    """200 as long as the process answers; asks nothing of the database."""
    return jsonify({"status": "alive"})


@blueprint.get("/readyz")
def show_readiness() -> tuple[Response, int]:
    """200 when the database answers and has every migration; else 503 with the reason."""
    wanted = _newest_migration()
    try:
        found = MigrationContext.configure(db.session.connection()).get_current_revision()
    except SQLAlchemyError as error:
        db.session.rollback()
        return jsonify({"status": "not ready", "reason": f"database: {type(error).__name__}"}), 503
    if found != wanted:
        return jsonify({"status": "not ready", "reason": f"migrations: at {found}, want {wanted}"}), 503
    return jsonify({"status": "ready"}), 200


@cache
def _newest_migration() -> str | None:
    return ScriptDirectory(str(PROJECT_ROOT / "migrations")).get_current_head()

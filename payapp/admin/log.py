"""/admin/log: what staff did, newest first."""

from typing import get_args

from flask import Response, request

from payapp.admin.blueprint import blueprint, number_asked, place_asked, show
from payapp.audit.models import Act
from payapp.audit.reading import AuditFilter, list_audit
from payapp.extensions import db

ACTS: tuple[Act, ...] = get_args(Act)


@blueprint.get("/log")
def show_log() -> Response:
    """The log, or what one of the staff did, what concerned one user, or one kind of act."""
    act = next((known for known in ACTS if known == request.args.get("act")), None)
    wanted = AuditFilter(number_asked("user"), number_asked("staff"), act)
    found = list_audit(db.session(), wanted, place_asked())
    return show("log.html", wanted=wanted, acts=ACTS, found=found)

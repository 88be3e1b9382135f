"""The Flask extensions, made once here and bound to the application in create_app()."""

import logging

from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy.exc import InterfaceError, OperationalError

from payapp.database.base import Base

log = logging.getLogger(__name__)

db = SQLAlchemy(metadata=Base.metadata)
login_manager = LoginManager()
csrf = CSRFProtect()


def release_connection(_error: BaseException | None = None) -> None:
    """At the end of a request: close the session, so that Flask-SQLAlchemy finds nothing left to do.

    Flask calls this outside its error handlers. A database that has gone since the answer was made is no reason to
    turn that answer, perhaps about credits that were just spent, into a 500: what was to be kept is committed.
    """
    if not db.session.registry.has():
        return
    try:
        db.session.close()
    except (OperationalError, InterfaceError):
        log.warning("the database went away at the end of a request", exc_info=True)
        db.session().invalidate()

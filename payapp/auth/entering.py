"""Where a browser's login begins and ends. The caller commits, before the answer goes out."""

from flask import request
from flask import session as flask_session
from flask_login import login_user, logout_user
from sqlalchemy.orm import Session

from payapp.auth.login_sessions import begin_login, end_login, find_logged_in
from payapp.auth.second_step.pending_logins import begin_pending_login, end_pending_login
from payapp.web.own_paths import own_path

PENDING = "pending_login"


def enter(session: Session, user_id: int, *, with_factor: bool = False) -> bool:
    """Begin a fresh browser session, and a login of its own, for the user; return False if the user is disabled."""
    forget_login(session)
    token = begin_login(session, user_id, request.user_agent.string, with_factor=with_factor)
    user = find_logged_in(session, token)
    if user is None:
        return False
    flask_session.permanent = True
    login_user(user)
    return True


def wait_for_factor(session: Session, user_id: int, password_hash: str) -> None:
    """Let this browser be one in which the password was right, and nobody is logged in yet."""
    forget_login(session)
    flask_session[PENDING] = begin_pending_login(session, user_id, password_hash)


def pending_token() -> str:
    """Return the secret of the login that waits in this browser; empty when none does."""
    return str(flask_session.get(PENDING, ""))


def forget_login(session: Session) -> None:
    """End the login that this browser's cookie names, done or half done, and leave nothing of its session."""
    if token := flask_session.get("_user_id"):
        end_login(session, token)
    if token := pending_token():
        end_pending_login(session, token)
    logout_user()
    flask_session.clear()


def safe_next() -> str | None:
    """Return the path the visitor was going to; None for anything that could lead to another site."""
    return own_path(request.args.get("next", ""))

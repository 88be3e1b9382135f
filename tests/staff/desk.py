"""Somebody of the staff, and what the log tells of what they did."""

from typing import Any

from sqlalchemy.orm import Session

from payapp.audit import Actor, Reason
from payapp.audit.reading import AuditFilter, AuditView, list_audit
from payapp.auth.accounts import find_user_id
from payapp.database.paging import Place
from tests.factories import make_user


def reason_of_staff(session: Session, note: str = "ticket 7") -> Reason:
    """Return a reason of a user who is staff, made now."""
    return Reason(Actor(make_user(session, is_staff=True).id), note)


def audit_of(session: Session, **wanted: Any) -> list[AuditView]:
    """Return the newest entries of the log, newest first."""
    session.rollback()
    return list(list_audit(session, AuditFilter(**wanted), Place(None, 50)).items)


def acts_of(session: Session, **wanted: Any) -> list[str]:
    """Return what was done, newest first."""
    return [entry.act for entry in audit_of(session, **wanted)]


def id_of(session: Session, email: str) -> int:
    session.rollback()
    user_id = find_user_id(session, email)
    assert user_id is not None
    return user_id

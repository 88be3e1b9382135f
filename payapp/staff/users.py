"""Who may come in, and who is staff."""

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from payapp.audit import Reason, write_down
from payapp.audit.models import Act
from payapp.auth.accounts import IS_DISABLED, IS_THERE, USERS, lock_user
from payapp.auth.factors.owned import Removed, remove_factors
from payapp.auth.login_sessions import end_logins
from payapp.database.clock import utc_now


def disable_user(session: Session, reason: Reason, user_id: int) -> bool:
    """Let the user in no more: every login ends, their API keys and services acting for them are refused.

    Their money is looked after as before: a payment is granted, a refund takes back. Returns False when they are
    disabled already, or there is no such user.
    """
    return _change(session, reason, "user_disabled", user_id, USERS.c.disabled_at.is_(None), disabled_at=utc_now())


def enable_user(session: Session, reason: Reason, user_id: int) -> bool:
    """Let the user in again; they log in anew, their keys are good again. Returns False when nothing was to change.

    Who is deleted stays so.
    """
    return _change(session, reason, "user_enabled", user_id, and_(IS_DISABLED, IS_THERE), disabled_at=None)


def make_admin(session: Session, reason: Reason, user_id: int) -> bool:
    """Make the user one of the staff. Returns False when they are, or there is no such user."""
    return _change(session, reason, "admin_made", user_id, and_(~USERS.c.is_staff, IS_THERE), is_staff=True)


def end_admin(session: Session, reason: Reason, user_id: int) -> bool:
    """Make the user one like others, from their next page on. Returns False when they are, or there is no such user."""
    return _change(session, reason, "admin_ended", user_id, USERS.c.is_staff, is_staff=False)


def take_factors(session: Session, reason: Reason, user_id: int) -> Removed:
    """Remove every second factor of a user who has lost them; all their logins end. Return what there was."""
    lock_user(session, user_id)
    removed = remove_factors(session, user_id)
    before = {"authenticator_app": removed.had_totp, "passkeys": removed.passkeys}
    write_down(session, reason, "factors_removed", user_id=user_id, subject=f"user:{user_id}", before=before)
    return removed


def _change(
    session: Session, reason: Reason, act: Act, user_id: int, condition: ColumnElement[bool], **values: object
) -> bool:
    """Of two at once the second finds nothing to change. A change of who may come in ends every login."""
    chosen = USERS.c.id == user_id
    # Locked before it is read, so that `before` is what was changed.
    row = session.execute(select(USERS.c.disabled_at, USERS.c.is_staff).where(chosen).with_for_update()).one_or_none()
    changed = update(USERS).where(chosen, condition).values(**values).returning(USERS.c.id)
    if row is None or session.execute(changed).scalar() is None:
        return False
    if "disabled_at" in values:
        end_logins(session, user_id)  # also when enabled: one may have begun at the very moment of disabling
    before = {name: getattr(row, name) for name in values}
    write_down(session, reason, act, user_id=user_id, subject=f"user:{user_id}", before=before, after=values)
    return True

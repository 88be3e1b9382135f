"""Which second factors a user has, all kinds together."""

from dataclasses import dataclass

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from payapp.auth.factors.models import Passkey, TotpSecret
from payapp.auth.factors.passkeys import PasskeyView, list_passkeys, remove_passkeys
from payapp.auth.factors.recovery_codes import count_recovery_codes, make_recovery_codes, remove_recovery_codes
from payapp.auth.factors.totp import has_totp, remove_totp
from payapp.auth.login_sessions import end_logins, forget_factor, note_factor
from payapp.database.base import table_of

SECRETS, PASSKEYS = table_of(TotpSecret), table_of(Passkey)


@dataclass(frozen=True)
class Factors:
    """All that a user can show besides the password."""

    has_totp: bool
    passkeys: list[PasskeyView]
    recovery_codes: int

    @property
    def is_empty(self) -> bool:
        """Whether the password alone opens the account. Recovery codes by themselves are no factor."""
        return not self.has_totp and not self.passkeys


@dataclass(frozen=True)
class Removed:
    """What remove_factors() has found."""

    had_totp: bool
    passkeys: int


def list_factors(session: Session, user_id: int) -> Factors:
    """Return the user's factors."""
    return Factors(has_totp(session, user_id), list_passkeys(session, user_id), count_recovery_codes(session, user_id))


def has_factor(session: Session, user_id: int) -> bool:
    """Whether the user has to show a second factor to log in."""
    by_app = exists().where(SECRETS.c.user_id == user_id, SECRETS.c.confirmed_at.is_not(None))
    by_passkey = exists().where(PASSKEYS.c.user_id == user_id)
    return bool(session.scalar(select(or_(by_app, by_passkey))))


def settle_new_factor(session: Session, user_id: int, login_id: int) -> list[str]:
    """Do what follows from a factor that was just added in this login; return recovery codes if it is the first.

    With the first one all other logins end: they were begun without it. The caller has the user's row locked.
    """
    note_factor(session, login_id)
    factors = list_factors(session, user_id)
    if factors.has_totp + len(factors.passkeys) > 1:
        return []
    end_logins(session, user_id, but_for=login_id)
    return make_recovery_codes(session, user_id)


def settle_removed_factor(session: Session, user_id: int, login_id: int) -> None:
    """Do what follows from a factor that was just removed in this login: all other logins end.

    With the last one go the recovery codes. The caller has the user's row locked.
    """
    end_logins(session, user_id, but_for=login_id)
    if not has_factor(session, user_id):
        remove_recovery_codes(session, user_id)
        forget_factor(session, user_id)


def remove_factors(session: Session, user_id: int) -> Removed:
    """Remove every factor of the user, and end all their logins: the password alone opens the account from then on."""
    removed = Removed(remove_totp(session, user_id), remove_passkeys(session, user_id))
    remove_recovery_codes(session, user_id)
    end_logins(session, user_id)
    return removed

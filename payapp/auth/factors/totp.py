"""Codes of authenticator apps (TOTP, RFC 6238): six digits, another each thirty seconds, each accepted once."""

import logging
from hmac import compare_digest
from typing import TYPE_CHECKING

from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.orm import Session

from payapp.auth.factors.models import TotpSecret
from payapp.auth.factors.sealing import Sealer
from payapp.database.base import insert_into, table_of
from payapp.database.clock import utc_now
from payapp.database.sql_functions import database_now

if TYPE_CHECKING:
    from pyotp import TOTP

log = logging.getLogger(__name__)

STEP_SECONDS = 30
STEPS_OFF_MAX = 1  # a clock may be half a minute off, and a person takes time to type
CONFIRM_SECONDS_MAX = 15 * 60  # for the app to be set up
ISSUER = "payapp"

SECRETS = table_of(TotpSecret)
IS_CONFIRMED = SECRETS.c.confirmed_at.is_not(None)
IS_NEW = SECRETS.c.confirmed_at.is_(None) & (SECRETS.c.created_at > database_now(-CONFIRM_SECONDS_MAX))


def begin_totp(session: Session, sealer: Sealer, user_id: int) -> bool:
    """Make a new secret for the user, in the place of one not confirmed; return False when there is a confirmed one.

    It counts for nothing until it is confirmed, for which there is a quarter of an hour.
    """
    import pyotp

    values = {"sealed_secret": sealer.seal(user_id, pyotp.random_base32()), "created_at": database_now()}
    made = (
        insert_into(session, TotpSecret)
        .values(user_id=user_id, **values)
        .on_conflict_do_update(index_elements=[SECRETS.c.user_id], set_=values, where=SECRETS.c.confirmed_at.is_(None))
        .returning(SECRETS.c.user_id)
    )
    return session.execute(made).scalar() is not None


def find_new_secret(session: Session, sealer: Sealer, user_id: int) -> str | None:
    """Return the secret that waits to be confirmed; None when there is none, or it has waited for too long."""
    sealed = session.scalar(select(SECRETS.c.sealed_secret).where(SECRETS.c.user_id == user_id, IS_NEW))
    return sealer.unseal(user_id, sealed) if sealed else None


def has_totp(session: Session, user_id: int) -> bool:
    """Whether an authenticator app is set up."""
    return session.scalar(select(SECRETS.c.user_id).where(SECRETS.c.user_id == user_id, IS_CONFIRMED)) is not None


def confirm_totp(session: Session, sealer: Sealer, user_id: int, code: str) -> bool:
    """Let the new secret count from now on if the code is its; return whether it is. The code is used up by it."""
    row = session.execute(select(SECRETS).where(SECRETS.c.user_id == user_id, IS_NEW)).one_or_none()
    return row is not None and _use(session, sealer, row, code)


def use_totp_code(session: Session, sealer: Sealer, user_id: int, code: str) -> bool:
    """Return whether this is a code of the user's app, and neither it nor a later one was used; it is used up."""
    row = session.execute(select(SECRETS).where(SECRETS.c.user_id == user_id, IS_CONFIRMED)).one_or_none()
    return row is not None and _use(session, sealer, row, code)


def remove_totp(session: Session, user_id: int) -> bool:
    """Forget the app, confirmed or not; return False when none was set up."""
    gone = session.execute(delete(SECRETS).where(SECRETS.c.user_id == user_id).returning(SECRETS.c.confirmed_at))
    return gone.scalar() is not None


def reseal_secrets(session: Session, sealer: Sealer) -> tuple[int, int]:
    """Seal every secret with the first of the sealer's keys; return how many, and how many none of its keys opens.

    One that is used, or replaced, at the same moment is sealed so by that.
    """
    opened = [
        (user_id, sealed, sealer.unseal(user_id, sealed))
        for user_id, sealed in session.execute(select(SECRETS.c.user_id, SECRETS.c.sealed_secret))
    ]
    readable = [(user_id, sealed, secret) for user_id, sealed, secret in opened if secret is not None]
    for user_id, sealed, secret in readable:
        same = update(SECRETS).where(SECRETS.c.user_id == user_id, SECRETS.c.sealed_secret == sealed)
        session.execute(same.values(sealed_secret=sealer.seal(user_id, secret)))
    return len(readable), len(opened) - len(readable)


def make_totp_address(secret: str, email: str) -> str:
    """Return the otpauth:// address that an authenticator app reads from a QR code."""
    return _totp_of(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def _use(session: Session, sealer: Sealer, row: Row[tuple[object, ...]], code: str) -> bool:
    """Use the code up: of all who send it at once, in whichever processes, the statement lets one through.

    The secret is sealed again, so that one whose key has become a former one moves on to today's.
    """
    secret = sealer.unseal(row.user_id, row.sealed_secret)
    if secret is None:
        log.error("no key opens the authenticator secret of user %s: is one missing from the settings?", row.user_id)
        return False
    step = _find_step(secret, code)
    if step is None:
        return False
    is_unused = or_(SECRETS.c.last_step.is_(None), SECRETS.c.last_step < step)
    same_secret = (SECRETS.c.user_id == row.user_id, SECRETS.c.created_at == row.created_at)
    used = (
        update(SECRETS)
        .where(*same_secret, is_unused)
        .values(
            last_step=step,
            sealed_secret=sealer.seal(row.user_id, secret),
            confirmed_at=row.confirmed_at or database_now(),
        )
        .returning(SECRETS.c.user_id)
    )
    return session.execute(used).scalar() is not None


def _find_step(secret: str, code: str) -> int | None:
    """Return the step whose code this is, of the present one and its neighbors; None for a wrong code."""
    totp = _totp_of(secret)
    now = int(utc_now().timestamp()) // STEP_SECONDS
    # The latest first: of two steps with the same code, it uses up both.
    steps = range(now + STEPS_OFF_MAX, now - STEPS_OFF_MAX - 1, -1)
    typed = code.encode(errors="surrogatepass")
    return next((step for step in steps if compare_digest(totp.generate_otp(step).encode(), typed)), None)


def _totp_of(secret: str) -> "TOTP":
    import pyotp  # not needed to start

    return pyotp.TOTP(secret, interval=STEP_SECONDS)

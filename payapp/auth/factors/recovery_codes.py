"""Recovery codes: ten long ones, on paper, for whoever has lost the app and the passkeys. Each is used once.

Of 120 random bits a plain hash is kept: nothing that can be computed finds them again, as it would a password.
"""

import secrets

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from payapp.auth.factors.models import RecoveryCode
from payapp.auth.random_secrets import hash_secret
from payapp.database.base import table_of

CODES_MAX = 10
# Crockford's: no letter looks like a digit, https://www.crockford.com/base32.html
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LOOK_ALIKES = str.maketrans("oil", "011")
GROUPS, GROUP_LENGTH = 4, 6

CODES = table_of(RecoveryCode)


def make_recovery_codes(session: Session, user_id: int) -> list[str]:
    """Make ten new codes in the place of those that are left, and return them: they are never known again.

    The caller has the user's row locked, else two at once would leave twenty.
    """
    codes = [_make_code() for _ in range(CODES_MAX)]
    remove_recovery_codes(session, user_id)
    session.execute(insert(CODES), [{"user_id": user_id, "code_hash": _hash(code)} for code in codes])
    return codes


def use_recovery_code(session: Session, user_id: int, code: str) -> bool:
    """Use one of the user's codes up, however it is typed; return whether it is one. Of many at once one succeeds."""
    used = delete(CODES).where(CODES.c.user_id == user_id, CODES.c.code_hash == _hash(code)).returning(CODES.c.id)
    return session.execute(used).scalar() is not None


def count_recovery_codes(session: Session, user_id: int) -> int:
    """Return how many codes the user has left."""
    return session.scalar(select(func.count()).select_from(CODES).where(CODES.c.user_id == user_id)) or 0


def remove_recovery_codes(session: Session, user_id: int) -> None:
    """Forget the user's codes."""
    session.execute(delete(CODES).where(CODES.c.user_id == user_id))


def _make_code() -> str:
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def _hash(code: str) -> str:
    """Hash what the code says, whatever capitals, blanks and hyphens it is typed with."""
    typed = "".join(letter for letter in code.lower() if letter.isalnum()).translate(LOOK_ALIKES)
    return hash_secret(typed)

"""What a passkey is asked to sign: kept here, answered once, by whom it was asked, within five minutes."""

import secrets

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from payapp.auth.factors.models import PasskeyChallenge
from payapp.database.base import insert_into, table_of
from payapp.database.sql_functions import database_now

CHALLENGE_BYTES = 32
CHALLENGE_SECONDS_MAX = 5 * 60
FORGET_BATCH = 1000

CHALLENGES = table_of(PasskeyChallenge)


def make_challenge(session: Session, bound_to: str, user_handle: bytes = b"") -> bytes:
    """Return a new challenge for whom `bound_to` names; `user_handle` comes back when it is answered."""
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    session.execute(
        insert_into(session, PasskeyChallenge).values(
            challenge=challenge,
            bound_to=bound_to,
            user_handle=user_handle,
            expires_at=database_now(CHALLENGE_SECONDS_MAX),
        )
    )
    return challenge


def use_challenge(session: Session, challenge: bytes, bound_to: str) -> bytes | None:
    """Use the challenge up; return the user handle it was made with. Of many who answer at once one gets it.

    None when it is none of ours, was asked of somebody else, was answered before or too late.
    """
    row = delete(CHALLENGES).where(
        CHALLENGES.c.challenge == challenge,
        CHALLENGES.c.bound_to == bound_to,
        CHALLENGES.c.expires_at > database_now(),
    )
    user_handle: bytes | None = session.execute(row.returning(CHALLENGES.c.user_handle)).scalar()
    return user_handle


def forget_old_challenges(session: Session, batch: int = FORGET_BATCH) -> int:
    """Delete up to `batch` challenges that nobody answered in time; return how many."""
    is_over = CHALLENGES.c.expires_at <= database_now()
    over = session.scalars(select(CHALLENGES.c.challenge).where(is_over).limit(batch)).all()
    session.execute(delete(CHALLENGES).where(CHALLENGES.c.challenge.in_(over)))
    return len(over)

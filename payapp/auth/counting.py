"""Counting what is tried, before it is: the one place where limits meet a request."""

from sqlalchemy.orm import Session
from werkzeug.exceptions import TooManyRequests

from payapp.auth.limits import Limit, TooOftenError, count_try


def count_tries(session: Session, *tries: tuple[Limit, str]) -> None:
    """Count, and commit, before anything is tried. Raises TooManyRequests (429), with Retry-After."""
    try:
        for limit, whose in tries:
            count_try(session, limit, whose)
    except TooOftenError as error:
        session.commit()
        raise TooManyRequests(retry_after=error.retry_after_seconds) from error
    session.commit()

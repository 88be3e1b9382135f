"""Making the batches of QR codes that wait, one after the other; each is paid when it is done, or not at all."""

import logging
from collections.abc import Callable
from threading import Lock
from time import monotonic

from sqlalchemy.orm import Session

from payapp.features.charging import capture_when_done
from payapp.features.qr_batches import Claim, claim_batch, finish_batch, is_any_waiting, note_progress
from payapp.features.qr_code_batch import Batch, make_zip
from payapp.ledger.errors import HoldNotOpenError

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 1.0  # from one note of how far it is to the next: each is a commit

_making = Lock()


def make_next_batch(session: Session) -> bool:
    """Make the oldest batch that waits; return whether another waits, which is to be asked for anew. Commits.

    One at a time in a process: the worker's other thread is for the jobs of the clock.
    """
    if not _making.acquire(blocking=False):
        return False
    try:
        claim = claim_batch(session)
        session.commit()
        if claim:
            _make(session, claim)
    finally:
        _making.release()
    # Asked after the release: for a batch whose call came meanwhile, and found somebody at work.
    is_waiting = is_any_waiting(session)
    session.commit()
    return is_waiting


def _make(session: Session, claim: Claim) -> None:
    began = monotonic()
    try:
        with capture_when_done(session, claim.hold_id):
            archive = make_zip(Batch(claim.texts), _now_and_then(lambda made: _tell(session, claim.id, made)))
            finish_batch(session, claim.id, archive)
    except HoldNotOpenError as error:
        log.warning("batch %s is not handed out: %s", claim.id, error)
    else:
        log.info("made batch %s: %s codes in %.1f s", claim.id, len(claim.texts), monotonic() - began)


def _tell(session: Session, batch_id: int, made: int) -> None:
    note_progress(session, batch_id, made)
    session.commit()


def _now_and_then(tell: Callable[[int], None]) -> Callable[[int], None]:
    """Return what passes on a number at most every PROGRESS_SECONDS."""
    last = monotonic()

    def tell_if_due(number: int) -> None:
        nonlocal last
        if monotonic() - last >= PROGRESS_SECONDS:
            tell(number)
            last = monotonic()

    return tell_if_due

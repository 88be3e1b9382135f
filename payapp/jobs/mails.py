"""Sending the mails that wait, one after the other; nothing is locked while the server is talked to."""

import logging
from threading import Lock

from sqlalchemy.orm import Session

from payapp.config import Settings
from payapp.mail.mail_url import MailTransport, SmtpServer
from payapp.mail.outbox import (
    Claim,
    claim_mail,
    drop_mail,
    is_any_waiting,
    note_failed,
    note_sent,
)
from payapp.mail.preparing import Letter, Office, prepare
from payapp.mail.rendering import UnwritableAddressError
from payapp.mail.transport import SendError, send

log = logging.getLogger(__name__)

AT_ONCE_MAX = 20  # then the other jobs have their turn

_sending = Lock()


def send_waiting_mails(session: Session, settings: Settings) -> bool:
    """Send what waits; return whether more waits that is to be asked for anew. Commits.

    One at a time in a process: the worker's other thread is for the other jobs. Without MAIL_URL nothing is sent.
    """
    transport = settings.mail_transport
    if transport is None or not _sending.acquire(blocking=False):
        return False
    try:
        office = Office(settings.app_base_url, settings.mail_from)
        for _ in range(AT_ONCE_MAX):
            claim = claim_mail(session)
            session.commit()
            if claim is None:
                break
            if not _send(session, claim, office, transport):
                return False
    finally:
        _sending.release()
    # Asked after the release: for a mail whose call came meanwhile, and found somebody at work.
    is_waiting = is_any_waiting(session)
    session.commit()
    return is_waiting


def _send(session: Session, claim: Claim, office: Office, transport: MailTransport) -> bool:
    """Send one mail and note how it went; return whether the server may be asked for the next."""
    try:
        letter = prepare(session, claim, office)
    except Exception as error:
        session.rollback()
        log.exception("could not write mail %s (%s)", claim.id, claim.kind)
        note_failed(session, claim, type(error).__name__, is_final=isinstance(error, UnwritableAddressError))
        session.commit()
        return True
    if letter is None:
        drop_mail(session, claim)
        session.commit()
        return True
    session.commit()
    return _hand_over(session, claim, letter, transport)


def _hand_over(session: Session, claim: Claim, letter: Letter, transport: MailTransport) -> bool:
    try:
        send(transport, letter.message)
    except SendError as error:
        words = _without_secrets(str(error), letter, transport)
        note_failed(session, claim, words, is_final=error.is_final)
        session.commit()
        log.warning("mail %s (%s) was not sent, attempt %s: %s", claim.id, claim.kind, claim.attempts, words)
        return not error.is_unreachable
    note_sent(session, claim)
    session.commit()
    log.info("sent mail %s (%s)", claim.id, claim.kind)
    return True


def _without_secrets(words: str, letter: Letter, transport: MailTransport) -> str:
    """Some servers repeat what they refuse: neither a link nor our password may stand in a log or a column."""
    password = transport.password if isinstance(transport, SmtpServer) else ""
    for secret in (letter.secret, password):
        words = words.replace(secret, "…") if secret else words
    return words

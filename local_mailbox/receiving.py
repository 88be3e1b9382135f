"""Taking mails by SMTP. Everything is taken, for every address, and nothing goes any further."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import Envelope

from local_mailbox.store import Store

MAIL_BYTES_MAX = 5_000_000


class Receiver:
    """What aiosmtpd calls for each mail."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        """Keep the mail, whatever is in it."""
        content = envelope.content or b""
        mail = message_from_bytes(content if isinstance(content, bytes) else content.encode(), policy=default)
        self._store.keep(
            sender=envelope.mail_from or "",
            recipients=[str(address) for address in envelope.rcpt_tos],
            subject=_subject_of(mail),
            text=_part_of(mail, "plain"),
            html=_part_of(mail, "html"),
        )
        return "250 OK, it is in the mailbox"


def _subject_of(mail: EmailMessage) -> str:
    try:
        return str(mail["Subject"] or "")
    except Exception:  # noqa: BLE001  (a head that can't be read is shown as none)
        return ""


def _part_of(mail: EmailMessage, kind: str) -> str:
    """Return the part of this kind; empty if there is none, or it can't be read."""
    try:
        body = mail.get_body((kind,))
        return str(body.get_content()) if isinstance(body, EmailMessage) else ""
    except Exception:  # noqa: BLE001  (the parser raises whatever it stumbles over)
        return ""

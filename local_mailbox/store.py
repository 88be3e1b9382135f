"""The mails that came last, in memory."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from threading import Lock

KEPT_MAX = 300


@dataclass(frozen=True)
class ReceivedMail:
    """A mail as it came. `text` or `html` is empty where it has no such part."""

    id: int
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str


class Store:
    """The last few hundred mails; older ones are forgotten, and all of them at the end."""

    def __init__(self, kept_max: int = KEPT_MAX) -> None:
        self._mails: deque[ReceivedMail] = deque(maxlen=kept_max)
        self._ids = count(1)
        self._lock = Lock()

    def keep(self, *, sender: str, recipients: Sequence[str], subject: str, text: str, html: str) -> None:
        """Keep one more."""
        with self._lock:
            self._mails.append(
                ReceivedMail(next(self._ids), datetime.now(UTC), sender, tuple(recipients), subject, text, html)
            )

    def list_mails(self, to: str = "") -> list[ReceivedMail]:
        """Return the mails, newest first; with `to` only those to this address."""
        with self._lock:
            mails = list(self._mails)
        return [mail for mail in reversed(mails) if not to or to in mail.recipients]

    def find_mail(self, mail_id: int) -> ReceivedMail | None:
        """Return the mail; None if it is forgotten or never was."""
        return next((mail for mail in self.list_mails() if mail.id == mail_id), None)

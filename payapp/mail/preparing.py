"""From a row of the outbox to a mail: who gets it by now, if anybody, and the link that is made for it."""

from dataclasses import dataclass
from email.message import EmailMessage

from sqlalchemy.orm import Session

from payapp.auth.accounts import find_user, find_user_by_id
from payapp.auth.models import User
from payapp.mail.kinds import KINDS
from payapp.mail.links import make_link
from payapp.mail.outbox import Claim, note_recipient
from payapp.mail.rendering import compose


@dataclass(frozen=True)
class Office:
    """From where mails are sent: our origin, and the sender's address."""

    home: str
    sender: str


@dataclass(frozen=True)
class Letter:
    """A mail to send, and the secret in it, which must not be written down anywhere."""

    message: EmailMessage
    secret: str


def prepare(session: Session, claim: Claim, office: Office) -> Letter | None:
    """Return the mail; None when it shall not be sent: nobody has this address, or it has nothing to say any more.

    Its link is good as soon as the caller has committed, and an older one of its purpose is void.
    Raises UnwritableAddressError.
    """
    kind = KINDS.get(claim.kind)
    if kind is None:
        return None
    address, token = claim.address, ""
    if kind.link:
        user = _find_recipient(session, claim)
        if user is None:
            return None
        address = user.email if claim.kind == "reset" else claim.address
        token = make_link(session, user.id, kind.link, address)
        note_recipient(session, claim, user.id)
    link = f"{office.home}{kind.link.path if kind.link else kind.path}{token}"
    message = compose(kind, sender=office.sender, address=address, home=office.home, link=link, data=claim.data)
    return Letter(message, token)


def _find_recipient(session: Session, claim: Claim) -> User | None:
    """Return who gets a link: nobody who is disabled.

    A new password goes to whoever has the address at this moment, whoever had it when it was asked for. An address is
    confirmed by those only who have it still, and have not confirmed it yet.
    """
    is_by_address = claim.kind == "reset" or claim.user_id is None
    user = find_user(session, claim.address) if is_by_address else find_user_by_id(session, claim.user_id or 0)
    if user is None or user.disabled_at is not None:
        return None
    if claim.kind == "verify" and (user.email_verified_at is not None or user.email != claim.address):
        return None
    return user

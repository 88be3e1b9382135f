"""One mailbox, one spelling: so that nobody has two accounts by accident, and everybody is found."""

from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from email_validator import ValidatedEmail


def normalize_email(email: str) -> str:
    """Return the form in which addresses are stored and compared: trimmed, lower-case, the domain in ASCII.

    `kim@bücher.example` and `kim@xn--bcher-kva.example` are one mailbox; and Stripe takes the second only. What is no
    address at all comes back trimmed, lower-case and composed: nobody can sign up with it, but somebody may have.
    """
    typed = _compose(email)
    if typed.isascii():
        return typed
    found = _validate(typed)
    return f"{found.local_part}@{found.ascii_domain}".lower() if found else typed


def spellings_of(email: str) -> list[str]:
    """Return the spellings under which an account may be stored, the one that was typed first.

    Accounts of an earlier release may have kept a domain in its own letters (see migration 0009).
    """
    typed = _compose(email)
    if typed.isascii() and "@xn--" not in typed and ".xn--" not in typed:
        return [typed]
    found = _validate(typed)
    own_letters = _compose(found.normalized) if found else typed
    return list(dict.fromkeys([typed, normalize_email(typed), own_letters]))


def _compose(email: str) -> str:
    """Some systems type é as one character and some as two; without NFC that would be two addresses."""
    return normalize("NFC", email.strip().lower())


def _validate(email: str) -> "ValidatedEmail | None":
    # Not needed to start: its tables take a while to load.
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None

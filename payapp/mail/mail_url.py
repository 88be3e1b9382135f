"""MAIL_URL: through which server mails are sent, and as whom."""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

SUBMISSION_PORT, RELAY_PORT, TLS_PORT = 587, 25, 465
SHAPE = "smtp://user:password@host:port, smtps://…, console or none"
# Neither spaces nor what separates and quotes addresses in a head. Source: RFC 5322, 3.2.3 and 3.4
ONE_ADDRESS = re.compile(r"""[^\s@<>(),:;"\[\]\\]+@[^\s@<>(),:;"\[\]\\]+""")


class MailSettingError(ValueError):
    """A setting about mail can't be meant; the message names it and says what is wrong, and never repeats its value."""


@dataclass(frozen=True)
class SmtpServer:
    """A mail server. `is_tls`: the connection is encrypted from its first byte (smtps)."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    is_tls: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine: nobody listens on the way there."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")


@dataclass(frozen=True)
class Console:
    """No server: mails are printed where the worker prints. For development."""


MailTransport = SmtpServer | Console


def parse_mail_url(url: str, is_production: bool) -> MailTransport | None:
    """Return what MAIL_URL means; None for no mail at all: `none`, and empty in production. Raises MailSettingError."""
    if url in ("", "none"):
        return None if is_production or url else Console()
    if url == "console":
        if is_production:  # links in mails let people in: they have no place in a log
            raise MailSettingError(
                "MAIL_URL must not be console when PAYAPP_ENV is production: it prints links that let people in"
            )
        return Console()
    parts = _split(url)
    if (
        parts.scheme not in ("smtp", "smtps")
        or not parts.hostname
        or any((parts.path.strip("/"), parts.query, parts.fragment))
    ):
        raise MailSettingError(f"MAIL_URL must be {SHAPE}")
    return _server(parts)


def is_one_address(address: str) -> bool:
    """Whether this is the address of one mailbox, and nothing in it could be taken for more by a mail's head."""
    return address.isprintable() and ONE_ADDRESS.fullmatch(address) is not None


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_readable = parts.port != 0 and url.isprintable() and url.isascii() and " " not in url
    except ValueError:
        is_readable = False
    if not is_readable:
        # Not "from error": it repeats what could not be read, which may be part of a password.
        raise MailSettingError(f"MAIL_URL must be {SHAPE}; in the password / is written %2F, and @ is %40")
    return parts


def _server(parts: SplitResult) -> SmtpServer:
    user, password = (unquote(parts.username or ""), unquote(parts.password or ""))
    if bool(user) != bool(password):
        raise MailSettingError("MAIL_URL must have both user and password, or neither")
    is_tls = parts.scheme == "smtps"
    usual_port = TLS_PORT if is_tls else SUBMISSION_PORT if password else RELAY_PORT
    return SmtpServer(parts.hostname or "", parts.port or usual_port, user, password, is_tls)


def parse_sender(value: str, host: str) -> str:
    """Return a sender such as `payapp <no-reply@app.example.com>` as a header has it; empty means one at our own host.

    Raises MailSettingError.
    """
    if not value:
        return f"payapp <no-reply@{'localhost' if ':' in host else host}>"
    name, address = parseaddr(value)
    is_whole = value == address or value.endswith(f"<{address}>")
    if is_whole and is_one_address(address) and address.isascii() and value.isprintable():
        with suppress(ValueError):
            return str(Address(name, addr_spec=address))
    raise MailSettingError("MAIL_FROM must be an address, or a name with one: payapp <no-reply@app.example.com>")

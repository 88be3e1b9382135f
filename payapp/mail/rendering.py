"""A mail as it goes out: a text and an HTML part, from the words of its kind."""

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr
from functools import cache

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup, escape

from payapp.database.clock import utc_now
from payapp.mail.kinds import Kind
from payapp.mail.mail_url import is_one_address


class UnwritableAddressError(Exception):
    """No mail's head can hold this address: it is more than one, or none."""


def compose(kind: Kind, *, sender: str, address: str, home: str, link: str, data: Mapping[str, str]) -> EmailMessage:
    """Return the mail. `home` is our origin, `link` where its button leads. Raises UnwritableAddressError."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = kind.subject
    message["From"] = sender
    message["To"] = _recipient(address)
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's out-of-office note answers: RFC 3834
    texts = {**data, "address": address, "home": home, "link": link}
    paragraphs = [paragraph.format(**texts) for paragraph in kind.paragraphs]
    words = {
        "subject": kind.subject,
        "paragraphs": paragraphs,
        "html_paragraphs": [_with_link(paragraph, f"{home}/forgot-password") for paragraph in paragraphs],
        "small": kind.small.format(**texts),
        "button": kind.button,
        "link": link,
        "home": home,
    }
    message.set_content(_templates().get_template("mail.txt").render(words))
    message.add_alternative(_templates().get_template("mail.html").render(words), subtype="html")
    return message


def _recipient(address: str) -> Address:
    if not is_one_address(address):
        raise UnwritableAddressError
    name, _, domain = address.rpartition("@")
    return Address(username=name, domain=domain)


def _with_link(paragraph: str, address: str) -> Markup:
    """Return a paragraph for HTML in which this one address leads somewhere. What others typed never does."""
    anchor = Markup('<a class="ink" href="{0}" style="color:#17191a">{0}</a>').format(address)
    return anchor.join(escape(part) for part in paragraph.split(address))


@cache
def _templates() -> Environment:
    """Not Flask's templates: a mail has no request, and no style sheet but what stands in it."""
    loader = PackageLoader("payapp.mail")
    return Environment(loader=loader, autoescape=select_autoescape(["html"]), trim_blocks=True, lstrip_blocks=True)

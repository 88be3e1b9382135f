"""What a mail looks like: two parts that say the same, and nothing that an address could slip in."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from payapp.mail.kinds import KINDS
from payapp.mail.rendering import UnwritableAddressError, compose
from tests.mail_server import html_of, text_of

HOME = "https://app.example.com"
LINK = f"{HOME}/verify-email/abc-_def"
DATA = {"old": "old@example.com", "new": "new@example.com", "what": "A recovery code was used."}


def write(kind: str, address: str = "ada@example.com", link: str = LINK, **data: str) -> EmailMessage:
    """Return the mail as it is read after a journey through the wires."""
    sender = "payapp <no-reply@app.example.com>"
    mail = compose(KINDS[kind], sender=sender, address=address, home=HOME, link=link, data={**DATA, **data})
    return message_from_bytes(mail.as_bytes(), policy=default)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_the_same_in_text_and_html(kind: str) -> None:
    mail = write(kind)
    assert mail["Subject"] == KINDS[kind].subject
    for part in (text_of(mail), html_of(mail)):
        assert LINK in part
        assert KINDS[kind].subject in part
        assert KINDS[kind].button in part
        assert "{" not in part.partition("</style>")[2]
    assert max(map(len, text_of(mail).splitlines())) < 80


def test_its_head_is_complete() -> None:
    mail = write("verify")
    assert (mail["From"], mail["To"]) == ("payapp <no-reply@app.example.com>", "ada@example.com")
    assert mail["Message-ID"].endswith("@app.example.com>")
    assert mail["Date"].datetime.tzinfo is not None
    assert mail["Auto-Submitted"] == "auto-generated"


def test_it_has_no_script_and_asks_nobody_for_anything() -> None:
    for kind in KINDS:
        html = html_of(write(kind))
        assert not any(word in html for word in ("<script", "<img", "url(", "@import", "<link", "src="))


def test_what_somebody_typed_is_text() -> None:
    html = html_of(write("change-address", old="<b>&\"'</b>@example.com"))
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;" in html


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com\r\nBcc: victim@example.com",
        "ada@example.com\nSubject: Buy",
        "ada@example.com, victim@example.com",
        "<ada@example.com> victim@example.com",
        "ada@example.com\x00",
        "ada@@example.com",
        "",
        "ada",
        "@",
        "\ud800@example.com",
        "ada\N{RIGHT-TO-LEFT OVERRIDE}@example.com",
    ],
)
def test_an_address_that_is_more_than_one_is_not_written_to(address: str) -> None:
    with pytest.raises(UnwritableAddressError):
        write("verify", address)


def test_braces_in_a_text_are_just_braces() -> None:
    assert "{link.__class__}@example.com" in text_of(write("change-address", old="{link.__class__}@example.com"))

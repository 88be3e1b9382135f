"""A real SMTP server for tests, in a thread: takes mails, or refuses, stays silent and hangs up as it is told."""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tests.processes import free_port

LINK = re.compile(r"https?://[^\s\"<>]+/(?:verify-email|reset-password|change-email)/([\w-]+)")


@dataclass
class MailServer:
    """What came in, and how it behaves: what it answers to the next recipients, and to the next mails."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    data_refusals: list[str] = field(default_factory=list)
    seconds_per_mail: float = 0
    repeats_links: bool = False  # in a refusal, as some filters do
    logins: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://localhost:{self.port}"

    def link_in(self, number: int = -1) -> str:
        """Return the path of the link that is good once in a mail, the last one unless told otherwise."""
        found = LINK.search(text_of(self.mails[number]))
        assert found, text_of(self.mails[number])
        return "/" + found.group().split("/", 3)[3]

    def subjects_to(self, address: str) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails if mail["To"] == address]

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self.seconds_per_mail:
            await asyncio.sleep(self.seconds_per_mail)
        if self.data_refusals:
            return self.data_refusals.pop(0)
        self.envelopes.append(envelope)
        self.mails.append(message_from_bytes(cast(bytes, envelope.content), policy=default))
        if self.repeats_links:
            return f"554 http://localhost{self.link_in()} looks like spam"
        return "250 taken"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"right/password", handled=False)


@contextmanager
def running_mail_server(**options: Any) -> Iterator[MailServer]:
    """Start one on a free port; `options` are those of aiosmtpd's SMTP and Controller."""
    server = MailServer(free_port())
    if options.pop("with_login", False):
        options |= {"authenticator": server.authenticate, "auth_require_tls": options.get("auth_require_tls", False)}
    controller = Controller(
        server, hostname="127.0.0.1", port=server.port, enable_SMTPUTF8=options.pop("utf8", True), **options
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def text_of(mail: EmailMessage) -> str:
    return part_of(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    return part_of(mail, "html")


def part_of(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Return a self-signed certificate for a host name, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key

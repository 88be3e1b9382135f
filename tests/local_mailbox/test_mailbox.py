"""The local mailbox: it takes what payapp sends by real SMTP, shows it, and lets no mail do anything."""

import smtplib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from local_mailbox.pages import create_app
from local_mailbox.store import Store
from payapp.mail.kinds import KINDS
from payapp.mail.mail_url import SmtpServer
from payapp.mail.rendering import compose
from payapp.mail.transport import send
from tests.processes import free_port, wait_for
from tests.warm import WarmProgram, run_warm

HOME = "http://localhost:8000"


class Mailbox:
    """The program, running."""

    def __init__(self, folder: Path) -> None:
        self.port, self.smtp_port = free_port(), free_port()
        arguments = [f"--port={self.port}", f"--smtp-port={self.smtp_port}"]
        self.log = folder / "mailbox.log"
        self.process = WarmProgram("local_mailbox", arguments, {}, self.log)
        wait_for(f"{self.url}/health")

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(self.url + path, headers=headers, timeout=10)

    def list_mails(self, to: str) -> Any:
        return self.get(f"/mails.json?to={to}").json()


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    mailbox = Mailbox(tmp_path_factory.mktemp("mailbox"))
    yield mailbox
    mailbox.process.terminate()
    assert mailbox.process.wait(timeout=10) == 0
    assert "Mailbox ready on http://localhost:" in mailbox.log.read_text()
    assert "Traceback" not in mailbox.log.read_text()


def test_it_shows_what_payapp_sends(mailbox: Mailbox) -> None:
    link = f"{HOME}/verify-email/abc-_def"
    mail = compose(
        KINDS["verify"], sender="payapp <no-reply@localhost>", address="ada@example.com", home=HOME, link=link, data={}
    )
    send(SmtpServer("localhost", mailbox.smtp_port), mail)
    [shown] = mailbox.list_mails("ada@example.com")
    assert (shown["from"], shown["to"]) == ("no-reply@localhost", ["ada@example.com"])
    assert shown["subject"] == "Confirm your e-mail address"
    assert link in shown["text"]
    assert "Confirm your e-mail address" in mailbox.get("/?to=ada@example.com").text
    page = mailbox.get(f"/mails/{shown['id']}")
    assert f'<a href="{link}" target="_blank" rel="noreferrer">' in page.text
    assert f'src="/mails/{shown["id"]}/html" sandbox="allow-popups' in page.text
    html = mailbox.get(f"/mails/{shown['id']}/html")
    assert f'href="{link}"' in html.text
    assert '<head><base target="_blank">' in html.text
    assert html.headers["Content-Security-Policy"].startswith("sandbox allow-popups ")


def test_it_knows_addresses_of_all_the_world(mailbox: Mailbox) -> None:
    mail = compose(
        KINDS["reset"], sender="payapp <no-reply@localhost>", address="п@example.com", home=HOME, link=HOME, data={}
    )
    send(SmtpServer("localhost", mailbox.smtp_port), mail)
    assert len(mailbox.list_mails("п@example.com")) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no head at all",
        b"Subject: =?utf-8?b?////?=\r\n\r\nx",
        b"Content-Type: text/html; charset=nowhere\r\n\r\n<p>x",
        b"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\nend",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"\xff\xfe: \x00\r\n\r\n\x80",
    ],
)
def test_it_takes_whatever_comes(mailbox: Mailbox, content: bytes) -> None:
    before = len(mailbox.list_mails("odd@example.com"))
    with smtplib.SMTP("localhost", mailbox.smtp_port, timeout=10) as server:
        server.sendmail("x@example.com", ["odd@example.com"], content)
    mails = mailbox.list_mails("odd@example.com")
    assert len(mails) == before + 1
    for path in ("", "/html"):
        assert mailbox.get(f"/mails/{mails[0]['id']}{path}").status_code == 200
    assert mailbox.get("/").status_code == 200


def test_another_name_for_this_machine_is_refused(mailbox: Mailbox) -> None:
    for host in ("evil.example", f"evil.example:{mailbox.port}", "localhost.evil.example", ""):
        assert mailbox.get("/mails.json", Host=host).status_code in (400, 403)
    assert mailbox.get("/", Host=f"127.0.0.1:{mailbox.port}").status_code == 200


def test_a_taken_port_is_said_in_one_sentence(mailbox: Mailbox) -> None:
    for port, smtp_port in ((mailbox.port, free_port()), (free_port(), mailbox.smtp_port)):
        status, printed = run_warm("local_mailbox", [f"--port={port}", f"--smtp-port={smtp_port}"], {})
        assert status == 1
        assert "in use" in printed
        assert "Traceback" not in printed


# ---- without the process


@pytest.fixture
def store() -> Store:
    return Store(kept_max=3)


@pytest.fixture
def client(store: Store) -> FlaskClient:
    return create_app(store).test_client()


def keep(store: Store, **fields: str) -> None:
    values = {"sender": "a@example.com", "subject": "Hello", "text": "", "html": ""} | fields
    store.keep(recipients=[values.pop("to", "b@example.com")], **values)


def test_it_forgets_the_oldest(store: Store, client: FlaskClient) -> None:
    for number in range(5):
        keep(store, subject=f"mail {number}")
    assert [mail.subject for mail in store.list_mails()] == ["mail 4", "mail 3", "mail 2"]
    assert client.get("/mails/1").status_code == 404
    assert client.get("/mails/5").status_code == 200


def test_an_empty_one_says_so(client: FlaskClient) -> None:
    assert "No mail so far" in client.get("/").text


def test_what_a_mail_says_is_text(store: Store, client: FlaskClient) -> None:
    evil = "<script>alert(1)</script>"
    keep(store, subject=evil, sender=evil, to=evil, text=f"{evil} http://x.example/?a=1&b=<b>")
    for path in ("/", "/mails/1"):
        assert "<script" not in client.get(path).text
    assert 'href="http://x.example/?a=1&amp;b="' in client.get("/mails/1").text


def test_html_has_nothing_of_the_page(store: Store, client: FlaskClient) -> None:
    keep(store, html="<script>top.location = 'http://evil.example'</script><p>hi")
    policy = client.get("/mails/1/html").headers["Content-Security-Policy"]
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert client.get("/mails/1").headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert client.get("/mails/1").headers["Referrer-Policy"] == "no-referrer"

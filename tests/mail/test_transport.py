"""Sending by real SMTP: to servers that take, refuse, stay silent, hang up, encrypt, or ask for a password."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from payapp.mail import transport
from payapp.mail.kinds import KINDS
from payapp.mail.mail_url import Console, SmtpServer
from payapp.mail.rendering import compose
from payapp.mail.transport import SendError, send
from tests.mail_server import MailServer, make_certificate, running_mail_server, text_of
from tests.processes import free_port

HOST = "mail.test"


def mail(address: str = "ada@example.com") -> EmailMessage:
    sender, home = "payapp <no-reply@app.example.com>", "https://app.example.com"
    return compose(KINDS["account-exists"], sender=sender, address=address, home=home, link=home, data={})


def here(server: MailServer, **fields: Any) -> SmtpServer:
    return SmtpServer("127.0.0.1", server.port, **fields)


def refusal(where: SmtpServer, address: str = "ada@example.com") -> SendError:
    with pytest.raises(SendError) as caught:
        send(where, mail(address))
    return caught.value


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


def test_it_works(server: MailServer) -> None:
    send(here(server), mail())
    [envelope] = server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@app.example.com", ["ada@example.com"])
    assert "You have an account already" in text_of(server.mails[0])


def test_it_knows_addresses_of_all_the_world(server: MailServer) -> None:
    send(here(server), mail("п@example.com"))
    assert server.envelopes[0].rcpt_tos == ["п@example.com"]
    assert server.mails[0]["To"] == "п@example.com"


def test_an_address_that_the_server_can_not_spell_is_given_up() -> None:
    with running_mail_server(utf8=False) as server:
        error = refusal(here(server), "п@example.com")
    assert (error.is_final, error.is_unreachable) == (True, False)


@pytest.mark.parametrize(("answer", "is_final"), [("550 no such user", True), ("450 come again", False)])
def test_a_refused_recipient(server: MailServer, answer: str, is_final: bool) -> None:
    server.refusals.append(answer)
    error = refusal(here(server))
    assert (error.is_final, error.is_unreachable) == (is_final, False)
    assert str(error) == f"recipient refused: {answer}"


@pytest.mark.parametrize(("answer", "is_final"), [("554 looks like spam", True), ("451 busy", False)])
def test_a_refused_mail(server: MailServer, answer: str, is_final: bool) -> None:
    server.data_refusals.append(answer)
    error = refusal(here(server))
    assert (error.is_final, error.is_unreachable) == (is_final, False)
    assert str(error) == f"mail refused: {answer}"


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid", "." * 300])
def test_a_server_that_is_away(host: str) -> None:
    error = refusal(SmtpServer(host, free_port()))
    assert (error.is_final, error.is_unreachable) == (False, True)


@pytest.mark.parametrize("greeting", [b"", b"421 too busy\r\n", b"nonsense\r\n"])
def test_a_server_that_hangs_up(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(greeting)

        threading.Thread(target=greet, daemon=True).start()
        error = refusal(SmtpServer("127.0.0.1", listener.getsockname()[1]))
    assert (error.is_final, error.is_unreachable) == (False, True)


def test_a_server_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ANSWER_SECONDS_MAX", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        assert refusal(SmtpServer("127.0.0.1", listener.getsockname()[1])).is_unreachable
    assert time.monotonic() - began < 3


def test_a_server_that_dribbles_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time; the answer never does."""
    monkeypatch.setattr(transport, "SEND_SECONDS_MAX", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def dribble() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"220 hello\r\n")
                while True:
                    try:
                        connection.sendall(b"2")
                    except OSError:
                        return
                    time.sleep(0.05)

        threading.Thread(target=dribble, daemon=True).start()
        began = time.monotonic()
        assert refusal(SmtpServer("127.0.0.1", listener.getsockname()[1])).is_unreachable
    assert time.monotonic() - began < 3


# ---- passwords and encryption

# aiosmtpd says that to ask for a password in the clear is unsafe; on this machine it is not.
in_the_clear = pytest.mark.filterwarnings("ignore:Requiring AUTH")


@in_the_clear
def test_it_logs_in_on_this_machine() -> None:
    with running_mail_server(with_login=True, auth_required=True) as server:
        send(here(server, user="ada", password="right/password"), mail())
        assert server.logins == [("ada", "right/password")]
        assert len(server.mails) == 1


@in_the_clear
def test_a_wrong_password_is_for_the_operator_to_mend() -> None:
    with running_mail_server(with_login=True, auth_required=True) as server:
        error = refusal(here(server, user="ada", password="wrong word"))
    assert (error.is_final, error.is_unreachable) == (False, True)
    assert "535" in str(error)
    assert "wrong word" not in str(error)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mail.test` is a host that is not this machine, as far as payapp can know."""
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest: look_up("127.0.0.1" if host == HOST else host, *rest)
    )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"), HOST)


@pytest.fixture
def context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


@pytest.mark.usefixtures("elsewhere", "trusted")
@pytest.mark.parametrize("password", ["", "right/password"])
def test_it_encrypts_where_the_server_can(context: ssl.SSLContext, password: str) -> None:
    with running_mail_server(with_login=True, tls_context=context, require_starttls=True) as server:
        send(SmtpServer(HOST, server.port, "ada" if password else "", password), mail())
        assert len(server.mails) == 1
        assert server.logins == ([("ada", password)] if password else [])


@pytest.mark.usefixtures("elsewhere", "trusted")
def test_it_encrypts_from_the_start(context: ssl.SSLContext) -> None:
    with running_mail_server(ssl_context=context) as server:
        send(SmtpServer(HOST, server.port, is_tls=True), mail())
        assert len(server.mails) == 1


@pytest.mark.usefixtures("elsewhere")
def test_a_password_is_not_sent_in_the_clear() -> None:
    with running_mail_server(with_login=True) as server:
        error = refusal(SmtpServer(HOST, server.port, "ada", "right/password"))
        assert "no STARTTLS" in str(error)
        assert (server.logins, server.mails) == ([], [])


@pytest.mark.usefixtures("elsewhere")
def test_a_server_that_can_not_prove_its_name_gets_nothing(context: ssl.SSLContext) -> None:
    with running_mail_server(with_login=True, tls_context=context) as server:
        error = refusal(SmtpServer(HOST, server.port, "ada", "right/password"))
        assert "CERTIFICATE_VERIFY_FAILED" in str(error)
        assert error.is_unreachable
        assert (server.logins, server.mails) == ([], [])


def test_the_console_shows_what_is_to_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    send(Console(), mail())
    printed = capsys.readouterr().out
    assert "To: ada@example.com\nSubject: You have an account already" in printed
    assert "https://app.example.com/forgot-password" in printed

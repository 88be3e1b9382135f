"""Handing a mail to the server, or to the console. No transaction is open meanwhile: the server may take its time."""

import smtplib
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from threading import Timer

from payapp.mail.mail_url import Console, MailTransport, SmtpServer

ANSWER_SECONDS_MAX = 10.0  # that we wait for each answer of the server
SEND_SECONDS_MAX = 60.0  # for all of them, however it dribbles


class SendError(Exception):
    """The mail was not taken. `is_final`: it never will be. `is_unreachable`: the server takes none at the moment."""

    def __init__(self, words: str, *, is_final: bool = False, is_unreachable: bool = False) -> None:
        super().__init__(words)
        self.is_final = is_final
        self.is_unreachable = is_unreachable


def send(transport: MailTransport, message: EmailMessage) -> None:
    """Hand the mail over; return once it is taken. Raises SendError, also when nobody knows whether it was taken."""
    if isinstance(transport, Console):
        _print(message)
        return
    try:
        with _connected(transport) as server:
            _hand_over(server, message)
    except smtplib.SMTPResponseException as error:
        words = _say(type(error).__name__, error.smtp_code, error.smtp_error)
        raise SendError(words, is_unreachable=True) from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise SendError(f"{type(error).__name__}: {error}", is_unreachable=True) from error


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    """Hand one mail over; what the server has against this one says nothing about others."""
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()), (0, b""))
        raise SendError(_say("recipient refused", code, words), is_final=_is_for_ever(code)) from error
    except smtplib.SMTPDataError as error:
        refusal = _say("mail refused", error.smtp_code, error.smtp_error)
        raise SendError(refusal, is_final=_is_for_ever(error.smtp_code)) from error
    except smtplib.SMTPNotSupportedError as error:  # an address with letters that this server has never heard of
        raise SendError(str(error), is_final=True) from error


@contextmanager
def _connected(where: SmtpServer) -> Iterator[smtplib.SMTP]:
    """Connect, encrypt and log in. Whatever happens, it is over after SEND_SECONDS_MAX."""
    context = ssl.create_default_context()
    if where.is_tls:
        server: smtplib.SMTP = smtplib.SMTP_SSL(where.host, where.port, timeout=ANSWER_SECONDS_MAX, context=context)
    else:
        server = smtplib.SMTP(where.host, where.port, timeout=ANSWER_SECONDS_MAX)
    end = Timer(SEND_SECONDS_MAX, _hang_up, [server])
    end.daemon = True
    end.start()
    try:
        _encrypt(server, where, context)
        if where.password:
            server.login(where.user, where.password)
        yield server
        with suppress(smtplib.SMTPException, OSError):  # it was taken: how the goodbye goes is no matter
            server.quit()
    finally:
        end.cancel()
        server.close()


def _encrypt(server: smtplib.SMTP, where: SmtpServer, context: ssl.SSLContext) -> None:
    """Encrypt where the server can, and give a password to nobody in the clear. On this machine there is no need to.

    The server must prove its name, else the encryption would only seem to keep others out.
    """
    server.ehlo_or_helo_if_needed()
    if where.is_tls or where.is_loopback:
        return
    if server.has_extn("starttls"):
        server.starttls(context=context)
    elif where.password:
        raise SendError("the server offers no STARTTLS, and gets no password without it", is_unreachable=True)


def _hang_up(server: smtplib.SMTP) -> None:
    with suppress(OSError):
        if server.sock is not None:
            server.sock.shutdown(socket.SHUT_RDWR)


def _is_for_ever(code: int) -> bool:
    """Of the server's answers those that begin with a 5 are its last word. Source: RFC 5321, 4.2.1"""
    return 500 <= code < 600


def _say(what: str, code: int, words: bytes | str) -> str:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{what}: {code} {' '.join(said.split())}"


def _print(message: EmailMessage) -> None:
    body = message.get_body(("plain",))
    head = "\n".join(f"{name}: {message[name]}" for name in ("To", "Subject"))
    print(f"--- mail ---\n{head}\n\n{body.get_content() if body else ''}------------", file=sys.stdout, flush=True)  # noqa: T201

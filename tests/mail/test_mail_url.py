"""MAIL_URL and MAIL_FROM: what they mean, and what stops the start without telling the password."""

import pytest

from payapp.config import ConfigError, load_settings
from payapp.mail.mail_url import Console, MailSettingError, SmtpServer, parse_mail_url, parse_sender

OF_PRODUCTION = {
    "PAYAPP_ENV": "production",
    "SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "STRIPE_SECRET_KEY": "sk_live_abc",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_abc",
    "APP_BASE_URL": "https://app.example.com",
}


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.com", SmtpServer("mail.example.com", 25)),
        ("smtp://mail.example.com:2525", SmtpServer("mail.example.com", 2525)),
        ("smtp://ada:secret@mail.example.com", SmtpServer("mail.example.com", 587, "ada", "secret")),
        ("smtps://ada:secret@mail.example.com", SmtpServer("mail.example.com", 465, "ada", "secret", is_tls=True)),
        ("smtp://ada%40x.example:a%2Fb%3A@[::1]:26/", SmtpServer("::1", 26, "ada@x.example", "a/b:")),
    ],
)
def test_it_works(url: str, server: SmtpServer) -> None:
    assert parse_mail_url(url, is_production=True) == server


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(parse_mail_url("smtp://ada:secret@mail.example.com", is_production=True))


@pytest.mark.parametrize(
    ("url", "in_development", "in_production"),
    [("", Console(), None), ("none", None, None), ("console", Console(), "refused")],
)
def test_without_a_server(url: str, in_development: Console | None, in_production: str | None) -> None:
    assert parse_mail_url(url, is_production=False) == in_development
    if in_production is None:
        assert parse_mail_url(url, is_production=True) is None
    else:
        with pytest.raises(MailSettingError, match="must not be console"):
            parse_mail_url(url, is_production=True)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "https://secret@mail.example.com",
        "smtp://",
        "smtp://ada:secret",
        "smtp://ada:secret@",
        "smtp://secret@mail.example.com",
        "smtp://:secret@mail.example.com",
        "smtp://ada:sec/ret@mail.example.com",
        "smtp://ada:12#secret@mail.example.com",
        "smtp://ada:12?secret@mail.example.com",
        "smtp://ada:secret@mail.example.com:0",
        "smtp://ada:secret@mail.example.com:99999",
        "smtp://ada:secret@mail.example.com:secret",
        "smtp://ada:secret@mail.example.com/secret",
        "smtp://ada:secret@mail .example.com",
        "smtp://ada:sec\nret@mail.example.com",
        "smtp://[secret",
        "console ",
        "Console",
    ],
)
def test_it_refuses_what_it_can_not_mean_and_repeats_none_of_it(url: str) -> None:
    with pytest.raises(MailSettingError) as caught:
        parse_mail_url(url, is_production=False)
    assert str(caught.value).startswith("MAIL_URL must")
    assert "sec" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("name", ["MAIL_URL", "MAIL_FROM"])
def test_the_start_stops_with_the_name(name: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} must") as caught:
        load_settings(OF_PRODUCTION | {name: "smtp://ada:sec/ret@mail.example.com"})
    assert "sec" not in str(caught.value)


def test_production_may_have_no_mail() -> None:
    settings = load_settings(OF_PRODUCTION | {"MAIL_URL": ""})
    assert settings.mail_transport is None
    assert settings.mail_from == "payapp <no-reply@app.example.com>"


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("localhost", True), ("127.0.0.9", True), ("::1", True), ("mail.localhost", True), ("10.0.0.1", False)],
)
def test_it_knows_its_own_machine(host: str, is_loopback: bool) -> None:
    assert SmtpServer(host, 25).is_loopback is is_loopback


def test_a_host_that_only_looks_like_this_machine_is_another() -> None:
    assert not SmtpServer("localhost.example.com", 25).is_loopback


@pytest.mark.parametrize("value", ["ada@example.com", "payapp <ada@example.com>", '"Pay, App" <ada@example.com>'])
def test_it_takes_a_sender(value: str) -> None:
    assert parse_sender(value, "app.example.com") == value


@pytest.mark.parametrize("value", ["payapp", "a@b@c", "a@b\r\nBcc: x@example.com", "<>", "a b@c", "x <y>"])
def test_it_refuses_what_is_no_sender(value: str) -> None:
    with pytest.raises(MailSettingError, match=r"^MAIL_FROM must"):
        parse_sender(value, "app.example.com")


def test_the_usual_sender_is_at_our_own_host() -> None:
    assert parse_sender("", "app.example.com") == "payapp <no-reply@app.example.com>"
    assert parse_sender("", "::1") == "payapp <no-reply@localhost>"

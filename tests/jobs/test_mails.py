"""Sending what waits in the outbox, by real SMTP: once, whoever else is at it; again, when it did not work."""

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.database.base import expect_writes
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.jobs import mails
from payapp.jobs.mails import send_waiting_mails
from payapp.mail.links import find_link
from payapp.mail.models import Mail, MailedLink
from payapp.mail.outbox import claim_mail, post_mail
from payapp.web.services import get_settings
from tests.factories import make_user
from tests.mail_server import MailServer, running_mail_server, text_of
from tests.processes import free_port


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


@pytest.fixture
def settings(settings: dict[str, str], server: MailServer) -> dict[str, str]:
    return settings | {"MAIL_URL": server.url}


@pytest.fixture(autouse=True)
def writes(session: Session) -> None:
    expect_writes()


@pytest.fixture
def user_id(session: Session) -> int:
    return make_user(session, email="ada@example.com").id


@pytest.fixture
def post(session: Session, user_id: int) -> Callable[..., int]:
    def post(kind: str = "password-changed", address: str = "ada@example.com") -> int:
        mail_id = post_mail(session, kind, address, user_id)
        session.commit()
        return mail_id

    return post


def run(session: Session) -> bool:
    return send_waiting_mails(session, get_settings())


def row(session: Session, mail_id: int) -> Mail:
    session.commit()
    return session.get_one(Mail, mail_id, populate_existing=True)


def let_it_be_due(session: Session) -> None:
    session.execute(
        update(Mail).where(Mail.next_try_at.is_not(None)).values(next_try_at=utc_now() - timedelta(seconds=1))
    )
    session.commit()


def change_user(session: Session, **values: object) -> None:
    session.execute(update(User).values(values))
    session.commit()


def token_in(server: MailServer) -> str:
    return server.link_in().rpartition("/")[2]


def test_it_works(session: Session, post: Callable[..., int], server: MailServer, user_id: int) -> None:
    mail_id = post("verify")
    assert run(session) is False
    [mail] = server.mails
    assert (mail["To"], mail["Subject"]) == ("ada@example.com", "Confirm your e-mail address")
    assert mail["From"] == "payapp <no-reply@localhost>"
    link = find_link(session, "verify", token_in(server))
    assert link is not None
    assert (link.user_id, link.address) == (user_id, "ada@example.com")
    assert "http://localhost/verify-email/" in text_of(mail)
    assert row(session, mail_id).sent_at is not None


def test_it_sends_all_that_waits(session: Session, post: Callable[..., int], server: MailServer) -> None:
    for _ in range(3):
        post()
    assert run(session) is False
    assert len(server.mails) == 3


def test_it_leaves_the_others_their_turn(
    session: Session, post: Callable[..., int], server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "AT_ONCE_MAX", 2)
    for _ in range(3):
        post()
    assert (run(session), len(server.mails)) == (True, 2)
    assert (run(session), len(server.mails)) == (False, 3)


def test_it_holds_nothing_while_it_sends(
    session: Session, post: Callable[..., int], monkeypatch: pytest.MonkeyPatch, user_id: int
) -> None:
    """Somebody else writes meanwhile; on SQLite there is one writer."""
    post("verify")

    def send(*_: object) -> None:
        assert not session.in_transaction()
        with Session(db.engine) as other:
            post_mail(other, "password-changed", "ada@example.com", user_id)
            other.commit()
            monkeypatch.setattr(mails, "send", lambda *_: None)

    monkeypatch.setattr(mails, "send", send)
    run(session)
    assert len(session.scalars(select(Mail).where(Mail.sent_at.is_not(None))).all()) == 2


def test_each_attempt_has_a_link_of_its_own(session: Session, post: Callable[..., int], server: MailServer) -> None:
    """The first may have arrived all the same, or have been seen by somebody."""
    post("verify")
    server.data_refusals.append("451 come again")
    run(session)
    [first] = session.scalars(select(MailedLink.token_hash)).all()
    let_it_be_due(session)
    run(session)
    [second] = session.scalars(select(MailedLink.token_hash)).all()
    assert first != second
    assert find_link(session, "verify", token_in(server))


def test_a_refused_recipient_is_given_up(session: Session, post: Callable[..., int], server: MailServer) -> None:
    mail_id, next_id = post(), post()
    server.refusals.append("550 no such user")
    run(session)
    refused = row(session, mail_id)
    assert (refused.next_try_at, refused.sent_at) == (None, None)
    assert refused.last_error == "recipient refused: 550 no such user"
    assert row(session, next_id).sent_at is not None


def test_what_is_refused_for_now_is_tried_again(session: Session, post: Callable[..., int], server: MailServer) -> None:
    mail_id = post()
    server.refusals.append("450 greylisted")
    run(session)
    waiting = row(session, mail_id)
    assert waiting.next_try_at is not None
    assert 30 < (waiting.next_try_at - utc_now()).total_seconds() <= 60
    let_it_be_due(session)
    run(session)
    sent = row(session, mail_id)
    assert (sent.attempts, sent.last_error) == (2, None)
    assert sent.sent_at is not None


class TestServerAway:
    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return settings | {"MAIL_URL": f"smtp://ada:pass-word@127.0.0.1:{free_port()}"}

    def test_the_others_are_not_even_tried(
        self, session: Session, post: Callable[..., int], caplog: pytest.LogCaptureFixture
    ) -> None:
        first, second = post("verify"), post()
        with caplog.at_level(logging.INFO):
            assert run(session) is False
        tried, waiting = row(session, first), row(session, second)
        assert (tried.attempts, waiting.attempts) == (1, 0)
        assert "ConnectionRefusedError" in str(tried.last_error)
        assert "was not sent, attempt 1: ConnectionRefusedError" in caplog.text
        assert "pass-word" not in caplog.text


def test_a_server_that_repeats_the_link_does_not_bring_it_into_the_log(
    session: Session, post: Callable[..., int], server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail_id = post("reset")
    server.repeats_links = True
    with caplog.at_level(logging.INFO, "payapp"):
        run(session)
    token = token_in(server)
    assert len(token) > 40
    assert row(session, mail_id).last_error == "mail refused: 554 http://localhost/reset-password/… looks like spam"
    assert token not in caplog.text


# ---- whom it concerns


@pytest.mark.parametrize("kind", ["verify", "reset", "change-address"])
def test_who_is_disabled_gets_no_link(
    session: Session, post: Callable[..., int], server: MailServer, kind: str
) -> None:
    post(kind)
    change_user(session, disabled_at=utc_now())
    run(session)
    assert server.mails == []
    assert session.scalars(select(MailedLink)).all() == []
    assert session.scalars(select(Mail)).all() == []


@pytest.mark.parametrize("changed", [{"email_verified_at": utc_now()}, {"email": "new@example.com"}])
def test_what_needs_no_confirmation_any_more_gets_none(
    session: Session, post: Callable[..., int], server: MailServer, changed: dict[str, object]
) -> None:
    post("verify")
    change_user(session, **changed)
    run(session)
    assert server.mails == []


def test_an_unknown_address_gets_nothing_and_is_forgotten(session: Session, server: MailServer) -> None:
    post_mail(session, "reset", "stranger@example.com")
    session.commit()
    run(session)
    assert server.mails == []
    assert session.scalars(select(Mail)).all() == []


def test_a_known_address_gets_its_link(session: Session, server: MailServer, user_id: int) -> None:
    mail_id = post_mail(session, "reset", "ada@example.com")
    session.commit()
    run(session)
    assert find_link(session, "reset", token_in(server))
    assert row(session, mail_id).user_id == user_id


def test_a_password_link_goes_to_whoever_has_the_address_now(
    session: Session, server: MailServer, user_id: int
) -> None:
    """It was tried before the address changed hands: the second attempt is not for the mailbox of before."""
    post_mail(session, "reset", "ada@example.com")
    session.commit()
    server.refusals.append("450 later")
    run(session)
    change_user(session, email="new@example.com")
    let_it_be_due(session)
    run(session)
    assert server.mails == []


def test_an_address_that_is_none_is_given_up(session: Session, post: Callable[..., int], server: MailServer) -> None:
    bad, good = post(address="ada@example.com\r\nBcc: victim@example.com"), post()
    run(session)
    assert row(session, bad).next_try_at is None
    assert row(session, bad).last_error == "UnwritableAddressError"
    assert row(session, good).sent_at is not None
    assert len(server.mails) == 1


def test_a_mail_that_can_not_be_written_stops_no_other(
    session: Session, post: Callable[..., int], server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    broken, good = post("address-changed"), post()  # the first lacks its {new}
    run(session)
    assert row(session, broken).last_error == "KeyError"
    assert row(session, broken).next_try_at is not None
    assert row(session, good).sent_at is not None
    assert f"could not write mail {broken} (address-changed)" in caplog.text


def test_a_kind_of_another_release_is_dropped(session: Session, post: Callable[..., int], server: MailServer) -> None:
    post()
    session.execute(update(Mail).values(kind="of-tomorrow"))
    session.commit()
    run(session)
    assert (server.mails, session.scalars(select(Mail)).all()) == ([], [])


class TestWithoutMail:
    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return settings | {"MAIL_URL": "none"}

    def test_nothing_is_sent(self, session: Session, post: Callable[..., int]) -> None:
        mail_id = post()
        assert run(session) is False
        assert row(session, mail_id).attempts == 0


# ---- several at once


def test_a_thread_of_the_same_worker_leaves_it_to_the_other(
    session: Session, post: Callable[..., int], monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    post()
    answers = list[bool]()

    def send(*_: object) -> None:
        with Session(db.engine) as other:
            answers.append(send_waiting_mails(other, get_settings()))

    monkeypatch.setattr(mails, "send", send)
    run(session)
    assert answers == [False]


def test_several_workers_send_each_mail_once(
    session: Session, post: Callable[..., int], server: MailServer, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As processes of their own, so each has its own lock."""
    for _ in range(8):
        post()
    server.seconds_per_mail = 0.02
    local = threading.local()

    class OwnLock:
        def acquire(self, blocking: bool) -> bool:
            return not getattr(local, "is_held", False)

        def release(self) -> None:
            local.is_held = False

    monkeypatch.setattr(mails, "_sending", OwnLock())
    barrier = Barrier(4)

    def work() -> None:
        with app.app_context():
            barrier.wait()
            while send_waiting_mails(db.session(), get_settings()):
                pass

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run(session)
    assert len(server.mails) == 8
    assert {mail.attempts for mail in session.scalars(select(Mail))} == {1}


def test_who_dies_while_sending_has_it_taken_away(
    session: Session, post: Callable[..., int], server: MailServer
) -> None:
    mail_id = post()
    assert claim_mail(session) is not None  # and nothing more is heard of this worker
    session.commit()
    run(session)
    assert server.mails == []
    session.execute(update(Mail).values(next_try_at=utc_now() - timedelta(seconds=1)))
    session.commit()
    run(session)
    assert len(server.mails) == 1
    assert row(session, mail_id).attempts == 2

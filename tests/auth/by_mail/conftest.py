"""People whose payapp sends mails, and the mailbox that they read."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.database.base import writing
from payapp.jobs.mails import send_waiting_mails
from payapp.web.services import get_settings
from tests.mail_server import MailServer, running_mail_server


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


@pytest.fixture
def settings(settings: dict[str, str], mail_server: MailServer) -> dict[str, str]:
    mail_server.mails.clear()
    return settings | {"MAIL_URL": mail_server.url}


@pytest.fixture(autouse=True)
def without_stripe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is there: to find that out at each sign-up would take longer than the tests."""
    monkeypatch.setattr("payapp.auth.routes._make_customer", lambda user_id: None)


@dataclass
class Mailbox:
    """What has arrived, once the worker has sent all that waits."""

    session: Session
    server: MailServer

    def fetch(self) -> None:
        with writing():
            self.session.commit()
            send_waiting_mails(self.session, get_settings())
        self.session.commit()

    def subjects(self, address: str = "ada@example.com") -> list[str]:
        self.fetch()
        return self.server.subjects_to(address)

    def link(self, number: int = -1) -> str:
        """Return the path of the link in the newest mail."""
        self.fetch()
        return self.server.link_in(number)


@pytest.fixture
def mailbox(app: Flask, session: Session, mail_server: MailServer) -> Mailbox:
    return Mailbox(session, mail_server)

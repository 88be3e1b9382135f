"""/forgot-password: one answer for everybody, and a mail for who has an account."""

import statistics
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.mail.models import Mail
from tests.auth.by_mail.conftest import Mailbox
from tests.people import Visitor

ASK = "/forgot-password"


def test_it_works(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    forgetful = Visitor(app.test_client())
    assert 'href="/forgot-password"' in forgetful.get("/login").text
    response = forgetful.submit(ASK, email=" ADA@example.com ")
    assert (response.status_code, response.location) == (303, "/forgot-password?sent=true")
    assert "If there is an account with that address" in forgetful.get(response.location).text
    assert mailbox.subjects()[-1] == "Set a new password"
    assert mailbox.link().startswith("/reset-password/")


def test_it_answers_alike(app: Flask, visitor: Visitor, session: Session) -> None:
    """And asks the database for the same: only the worker looks whether there is such an account."""
    visitor.sign_up()
    answers, statements = list[Any](), dict[str, list[str]]()
    for email in ("ada@example.com", "nobody@example.com"):
        other = Visitor(app.test_client())
        other.csrf_token()
        seen = statements.setdefault(email, [])

        def note(*given: Any, seen: list[str] = seen) -> None:
            seen.append(given[2])

        event.listen(db.engine, "before_cursor_execute", note)
        response = other.submit(ASK, email=email)
        event.remove(db.engine, "before_cursor_execute", note)
        headers = {name: value for name, value in response.headers if name not in ("Date", "Set-Cookie")}
        answers.append((response.status_code, response.text, headers))
    assert answers[0] == answers[1]
    assert statements["ada@example.com"] == statements["nobody@example.com"]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_it_takes_as_long(app: Flask, visitor: Visitor) -> None:
    for number in range(10):
        Visitor(app.test_client()).sign_up(f"known{number}@example.com")
    seconds: dict[str, list[float]] = {"known": [], "unknown": []}
    visitor.csrf_token()
    for number in range(10):
        for kind in seconds:
            began = time.perf_counter()
            assert visitor.submit(ASK, email=f"{kind}{number}@example.com").status_code == 303
            seconds[kind].append(time.perf_counter() - began)
    assert abs(statistics.median(seconds["known"]) - statistics.median(seconds["unknown"])) < 0.02


def test_who_is_unknown_or_disabled_gets_nothing(
    app: Flask, visitor: Visitor, mailbox: Mailbox, session: Session
) -> None:
    visitor.sign_up()
    mailbox.fetch()
    with writing():
        session.execute(update(User).values(disabled_at=utc_now()))
        session.commit()
    before = len(mailbox.server.mails)
    for email in ("ada@example.com", "nobody@example.com"):
        assert Visitor(app.test_client()).submit(ASK, email=email).status_code == 303
    mailbox.fetch()
    assert len(mailbox.server.mails) == before
    assert session.scalars(select(Mail.kind)).all() == ["verify"]  # and nobody's address is kept


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_five_times_for_one_address_whosever_it_is(app: Flask, visitor: Visitor, email: str) -> None:
    visitor.sign_up()
    answers = [Visitor(app.test_client()).submit(ASK, email=email) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert Visitor(app.test_client()).submit(ASK, email="other@example.com").status_code == 303


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_fifty_times_from_one_place(app: Flask, visitor: Visitor) -> None:
    answers = [visitor.submit(ASK, email=f"{number}@example.com").status_code for number in range(51)]
    assert answers == [303] * 50 + [429]


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("email", ["", "x" * 255, "a" * 100_000])
def test_it_says_what_is_wrong_with_the_form(visitor: Visitor, email: str) -> None:
    response = visitor.submit(ASK, email=email)
    assert response.status_code == 422
    assert "Error: " in response.text


@pytest.mark.parametrize(
    "email",
    ["ada", "ada@example.com\r\nBcc: x@example.com", "\ud800@example.com", "'; DROP TABLE mails; --", "😀"],
)
def test_nonsense_harms_nobody(visitor: Visitor, mailbox: Mailbox, session: Session, email: str) -> None:
    response = visitor.submit(ASK, email=email.encode("utf-8", "surrogatepass").decode("latin-1"))
    assert response.status_code == 303
    mailbox.fetch()
    assert mailbox.server.mails == []
    assert session.scalars(select(Mail)).all() == []


def test_looking_sends_nothing(visitor: Visitor, session: Session) -> None:
    for path in (ASK, f"{ASK}?sent=true", f"{ASK}?email=ada@example.com", f"{ASK}?sent=%00x"):
        assert visitor.get(path).status_code in (200, 400)
        visitor.client.head(path)
    assert session.scalars(select(Mail)).all() == []


def test_who_is_logged_in_may_ask_too(visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    visitor.submit(ASK, email="ada@example.com")
    assert mailbox.subjects()[-1] == "Set a new password"


class TestWithoutMail:
    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return settings | {"MAIL_URL": "none"}

    def test_it_says_whom_to_ask(self, visitor: Visitor, session: Session) -> None:
        visitor.sign_up()
        for response in (visitor.get(ASK), visitor.submit(ASK, email="ada@example.com")):
            assert response.status_code == 200
            assert "sends no e-mail" in response.text
            assert "write to the people who run it" in response.text
            assert "<form" not in response.text.partition("<main")[2]
        assert session.scalars(select(Mail)).all() == []

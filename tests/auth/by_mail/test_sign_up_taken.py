"""POST /signup where payapp sends mails: a taken address answers as a new one does, and its owner is told."""

import statistics
import time

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.auth.models import User
from payapp.mail.models import Mail
from tests.auth.by_mail.conftest import Mailbox
from tests.people import Visitor


def described(response: TestResponse) -> tuple[int, str, str]:
    return response.status_code, response.location, response.text


def test_it_answers_alike(app: Flask, visitor: Visitor, session: Session) -> None:
    new = visitor.sign_up()
    other = Visitor(app.test_client())
    taken = other.sign_up("ADA@example.com", "another password")
    assert described(taken) == described(new)
    words = "We have written to ada@example.com. That mail says how to go on."
    assert words in visitor.get("/dashboard/credits").text
    after = other.get("/dashboard/credits")
    assert (after.status_code, after.location.split("?")[0]) == (303, "/login")
    assert words in other.get(after.location).text
    assert len(session.scalars(select(User)).all()) == 1


def test_it_leads_where_the_visitor_was_going_alike(app: Flask, visitor: Visitor) -> None:
    fields = {"email": "ada@example.com", "password": "a long password"}
    new = visitor.submit("/signup?next=/features/qr-codes", **fields)
    taken = Visitor(app.test_client()).submit("/signup?next=/features/qr-codes", **fields)
    assert described(taken) == described(new)


def test_its_owner_gets_a_mail(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    Visitor(app.test_client()).sign_up("Ada@Example.com", "another password")
    assert mailbox.subjects() == ["Confirm your e-mail address", "You have an account already"]


def test_nobody_comes_in_by_it(app: Flask, visitor: Visitor) -> None:
    """Not even with the password: that is the login's to check, with its limits and second factors."""
    visitor.sign_up()
    other = Visitor(app.test_client())
    other.sign_up()
    assert other.get("/dashboard/credits").status_code == 303
    assert other.client.get_cookie("known_browser") is None


def test_the_owner_is_not_flooded(app: Flask, visitor: Visitor, mailbox: Mailbox) -> None:
    visitor.sign_up()
    answers = [Visitor(app.test_client()).sign_up() for _ in range(5)]
    assert len({described(answer) for answer in answers}) == 1
    assert mailbox.subjects() == ["Confirm your e-mail address", *["You have an account already"] * 3]


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_it_takes_as_long(app: Flask, visitor: Visitor) -> None:
    """But for Stripe, whom only a new account needs, and who is left out here."""
    visitor.sign_up()
    seconds: dict[str, list[float]] = {"new": [], "taken": []}
    for number in range(15):
        for kind, email in (("new", f"new{number}@example.com"), ("taken", "ada@example.com")):
            other = Visitor(app.test_client())
            other.csrf_token()
            began = time.perf_counter()
            other.sign_up(email)
            seconds[kind].append(time.perf_counter() - began)
    new, taken = statistics.median(seconds["new"]), statistics.median(seconds["taken"])
    assert abs(new - taken) < 0.05


class TestWithoutMail:
    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return settings | {"MAIL_URL": "none"}

    def test_the_page_has_to_say_it(self, app: Flask, visitor: Visitor, session: Session) -> None:
        visitor.sign_up()
        response = Visitor(app.test_client()).sign_up()
        assert response.status_code == 422
        assert "There is an account with this e-mail address already" in response.text
        assert session.scalars(select(Mail)).all() == []

    def test_nothing_is_said_of_mails(self, visitor: Visitor) -> None:
        visitor.sign_up()
        page = visitor.get("/dashboard/credits").text
        assert "We have written" not in page
        assert "Please confirm" not in page

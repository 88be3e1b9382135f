"""Hundreds of hostile values, wherever somebody can put one: no 5xx, no traceback, and the book is right."""

import logging
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from payapp.extensions import db
from payapp.ledger.verification import verify
from tests.effort import pick
from tests.web.callers import World, let_known_user_in
from tests.web.hostile_bodies import BODIES
from tests.web.hostile_places import ACTS, Place, find_places, rules_of, send, who_asks
from tests.web.hostile_values import MARK, VALUES

SHARE = {"sqlite": pick(331, 1), "postgresql": pick(1321, 11)}  # one in so many of all pairs of a place and a value
SHARE_OF_BODIES = pick(15, 1)
REQUESTS_A_WORLD = 60  # then everybody is somebody new: what was spent, ended or deleted is there again
CREDITS = 1_000_000

pytestmark = pytest.mark.long


class Alarm(logging.Handler):
    """Keeps what is logged together with an exception."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.found.append(record.getMessage())


@pytest.fixture
def alarms(shared_app: Flask) -> Iterator[list[str]]:
    """What is logged with a traceback meanwhile. Crashes become a 500, as on a server."""
    handler = Alarm()
    logging.getLogger().addHandler(handler)
    shared_app.testing, shared_app.config["PROPAGATE_EXCEPTIONS"] = False, False
    yield handler.found
    shared_app.testing = True
    logging.getLogger().removeHandler(handler)


class Worlds:
    """Somebody to send requests, renewed now and then; and nobody is refused for what was tried before."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._sent = 0

    def next(self) -> World:
        if self._sent % REQUESTS_A_WORLD == 0:
            let_known_user_in(self._app)
            self._world = World(self._app, CREDITS)
            with self._app.app_context():
                db.session.execute(text("DELETE FROM rate_counters"))
                db.session.commit()
        self._sent += 1
        return self._world


def complain(answer: TestResponse) -> str:
    """Return what is wrong with an answer; empty when nothing is."""
    if answer.status_code >= 500:
        return f"{answer.status_code}"
    if f"<{MARK}".encode() in answer.data and "html" in answer.content_type:
        return "somebody else wrote our HTML"
    where = answer.headers.get("Location", answer.headers.get("HX-Redirect", "/"))
    is_own = where.startswith(("/", "http://localhost")) and not where.startswith(("//", "/\\"))
    return "" if is_own else f"leads to {where}"


def show(value: Any) -> str:
    try:
        return repr(value)[:80]
    except ValueError:
        return "a very great number"


def pairs(places: list[Place], share: int) -> Iterator[tuple[Place, Any]]:
    """Yield one in `share` of all pairs; a prime, so that each place meets other values than the one before."""
    return islice(product(places, VALUES), 0, None, share)


@pytest.mark.parametrize("shared_app", ["sqlite"], indirect=True)
def test_there_are_many_values_and_places(shared_app: Flask) -> None:
    places = find_places(shared_app)
    assert len(VALUES) >= 200
    assert len({place.name for place in places}) == len(places) > 300
    for named in ("GET /login?next=", "POST /signup form password=", "POST /api/v1/spends JSON amount"):
        assert named in {place.name for place in places}


def test_no_value_makes_us_fail(shared_app: Flask, alarms: list[str]) -> None:
    worlds = Worlds(shared_app)
    wrong: dict[Any, str] = {}
    share = SHARE["postgresql" if "postgresql" in shared_app.config["SQLALCHEMY_DATABASE_URI"] else "sqlite"]
    for place, value in pairs(find_places(shared_app), share):
        complaint = complain(place.send(worlds.next(), value))
        if complaint:
            wrong[place.name, show(value)] = complaint
    assert wrong == {}
    assert alarms == []
    with shared_app.app_context():
        assert verify(db.session()) == []


def test_no_body_makes_us_fail(shared_app: Flask, alarms: list[str]) -> None:
    worlds = Worlds(shared_app)
    wrong: dict[Any, str] = {}
    acting = [(rule, method) for rule, method in rules_of(shared_app) if method in ACTS]
    for number, (rule, method) in enumerate(acting):
        for kind, headers, body in BODIES[number % SHARE_OF_BODIES :: SHARE_OF_BODIES]:
            headers = {"Content-Type": kind, **headers}
            answer = send(worlds.next(), rule.endpoint, method, who_asks(rule), body=body, headers=headers)
            if complaint := complain(answer):
                wrong[rule.rule, kind, body[:60]] = complaint
    assert wrong == {}
    assert alarms == []

"""A database that goes away when a request is as good as over does not turn its answer into a 500."""

from dataclasses import dataclass

import psycopg
import pytest
from flask import Flask, Response
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from payapp.ledger.balances import get_balance
from tests.people import Visitor, give_credits

pytestmark = pytest.mark.parametrize("engine_name", ["postgresql"])  # SQLite has no server that could go

KILL_THE_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


@dataclass
class Killer:
    """Once armed, ends the application's connections just before each answer leaves."""

    url: str
    is_armed: bool = False

    def __call__(self, response: Response) -> Response:
        if self.is_armed:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(KILL_THE_OTHERS)
        return response


@pytest.fixture
def killer(app: Flask, database_url: str) -> Killer:
    url = make_url(database_url).set(drivername="postgresql")
    killer = Killer(url.render_as_string(hide_password=False))
    app.after_request(killer)
    return killer


def test_a_page_that_was_ready_is_shown(killer: Killer, visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 3)
    killer.is_armed = True
    for _ in range(2):  # the second comes over a new connection
        assert visitor.get("/dashboard/credits").status_code == 200


def test_a_spend_that_was_made_is_told(killer: Killer, visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 3)
    form = {"text": "hello", "csrf_token": visitor.csrf_token()}
    killer.is_armed = True
    assert visitor.client.post("/features/qr-codes", data=form).status_code == 200
    session.invalidate()
    assert get_balance(session, user_id).posted == 2

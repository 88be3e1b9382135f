"""DatabaseWait: a PostgreSQL that is away is waited for; the log says so once, and never the password."""

import time
from collections.abc import Callable
from threading import Event, Timer

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from payapp.database.waiting import DatabaseWait

NOBODY_LISTENS = "postgresql://payapp:hunter2@127.0.0.1:9/credits"


def refusing(times: int, error: Exception) -> Callable[[], str]:
    """Return a function that raises so often, then answers."""
    left = [error] * times

    def connect() -> str:
        if left:
            raise left.pop()
        return "connected"

    return connect


@pytest.mark.parametrize(
    "error", [psycopg.OperationalError("starting up"), OperationalError(None, None, Exception("starting up"))]
)
def test_it_waits_and_says_once_what_for(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    assert DatabaseWait("credits").call(refusing(3, error)) == "connected"
    assert caplog.messages == ["waiting for the database credits: starting up"]


def test_it_tells_of_each_outage_once(caplog: pytest.LogCaptureFixture) -> None:
    wait = DatabaseWait("credits")
    for _ in range(2):
        wait.call(refusing(2, psycopg.OperationalError("starting up")))
    assert len(caplog.messages) == 2


def test_it_says_nothing_when_the_database_is_there(caplog: pytest.LogCaptureFixture) -> None:
    assert DatabaseWait("credits").call(lambda: "connected") == "connected"
    assert caplog.messages == []


@pytest.mark.parametrize(
    "connect",
    [
        lambda: psycopg.connect(NOBODY_LISTENS),
        create_engine(NOBODY_LISTENS.replace("postgresql", "postgresql+psycopg")).connect,
    ],
    ids=["psycopg", "SQLAlchemy"],
)
def test_it_gives_up_in_time_and_never_tells_the_password(
    connect: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises((psycopg.OperationalError, OperationalError)):
        DatabaseWait("credits", seconds_max=0.5).call(connect)
    [line] = caplog.messages
    assert "Connection refused" in line
    assert "hunter2" not in line


def test_it_ends_when_told_to() -> None:
    wait = DatabaseWait("credits", is_over=Event())
    Timer(0.3, wait.is_over.set).start()
    began = time.monotonic()
    with pytest.raises(psycopg.OperationalError):
        wait.call(lambda: psycopg.connect(NOBODY_LISTENS))
    assert time.monotonic() - began < 3


def test_what_waiting_does_not_mend_is_raised_at_once() -> None:
    with pytest.raises(ProgrammingError):
        DatabaseWait("credits").call(refusing(1, ProgrammingError("SELECT", None, Exception("no such table"))))

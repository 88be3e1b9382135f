"""Real processes: one that dies inside a feature, and a client that hangs up on it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import requests
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.database.base import normalize_url, prepare_engine
from payapp.ledger.balances import get_balance
from payapp.ledger.holds import HOLD_SECONDS, expire_holds
from payapp.ledger.posting import grant
from payapp.ledger.verification import verify
from tests.features import slow_app
from tests.journeys.person import Person
from tests.processes import Stack, serving

WAIT_SECONDS_MAX = 20


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """The slow application on gunicorn; Stripe is not there."""
    with serving(Stack(database_url, tmp_path, application="tests.features.slow_app:app")) as stack:
        yield stack


@contextmanager
def book_of(stack: Stack) -> Iterator[Session]:
    engine = create_engine(normalize_url(stack.database_url))
    prepare_engine(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def sign_up_with_credits(stack: Stack, session: Session, credits: int) -> tuple[Person, int]:
    ada = Person(stack.url, "ada@example.com")
    ada.sign_up()
    user_id = session.scalars(select(User.id)).one()
    grant(session, user_id, credits, idempotency_key="test:crashes")
    session.commit()
    return ada, user_id


def ask(stack: Stack, ada: Person, seconds: float, timeout: float = WAIT_SECONDS_MAX) -> None:
    """Ask for the work; whoever dies or hangs up meanwhile, ends it."""
    with pytest.raises(requests.RequestException):
        ada.http.post(f"{stack.url}/slow", data={"seconds": seconds}, timeout=timeout)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def numbers(session: Session, user_id: int) -> tuple[int, int]:
    balance = get_balance(session, user_id)
    session.rollback()
    return balance.posted, balance.held


def complaints(session: Session) -> list[str]:
    found = [str(each) for each in verify(session)]
    session.rollback()  # or the next request would wait for this transaction
    return found


def end_overdue(session: Session) -> int:
    ended = expire_holds(session)
    session.commit()
    return ended


@pytest.mark.slow
def test_a_process_killed_while_the_feature_works_charges_nothing(web: Stack) -> None:
    with book_of(web) as session:
        ada, user_id = sign_up_with_credits(web, session, 20)
        asking = Thread(target=ask, args=(web, ada, 60))
        asking.start()
        wait_until((web.folder / "slow.began").exists)
        web.kill("web")
        asking.join()
        assert numbers(session, user_id) in ((20, slow_app.SLOW.cost), (20, 0))  # on a slow machine its time is over
        assert complaints(session) == []
        wait_until(lambda: numbers(session, user_id) == (20, 0))  # by the database's clock, with no job
        assert end_overdue(session) == 1
        assert numbers(session, user_id) == (20, 0)
        assert complaints(session) == []
    assert not (web.folder / "slow.ended").exists()


def test_the_readme_says_how_long_a_hold_lasts() -> None:
    assert HOLD_SECONDS == 15 * 60


@pytest.mark.slow
def test_a_client_who_hangs_up_is_charged_once_for_work_that_was_done(web: Stack) -> None:
    with book_of(web) as session:
        ada, user_id = sign_up_with_credits(web, session, 20)
        ask(web, ada, seconds=1, timeout=0.3)
        wait_until((web.folder / "slow.began").exists)
        wait_until(lambda: numbers(session, user_id) == (15, 0))
        assert (web.folder / "slow.ended").exists()
        assert complaints(session) == []
        # The process is as well as before.
        assert ada.http.post(f"{web.url}/slow", data={"seconds": 0}, timeout=WAIT_SECONDS_MAX).text == "done"
        assert numbers(session, user_id) == (10, 0)

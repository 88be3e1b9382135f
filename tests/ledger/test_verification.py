"""verify(): it finds every planted fault, says which law and by how much, and gives no false alarm."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from payapp.ledger.holds import capture_hold, expire_holds, place_hold, release_hold, spend
from payapp.ledger.posting import grant, post_entry, reinstate
from payapp.ledger.verification import LAWS, Violation, verify
from tests.ledger.books import grant_of, take_back
from tests.ledger.faults import (
    FAULTS,
    FRACTION,
    SPENT,
    account,
    entry,
    faults_for,
    plant,
    ways_to_lose_a_guard,
    write_book,
)


@pytest.fixture
def book(session: Session) -> int:
    """An account with 70 credits posted, 20 of them held, and a neighbor."""
    return write_book(session)


@pytest.mark.usefixtures("book")
def test_it_works(session: Session) -> None:
    assert verify(session) == []


def test_it_finds_nothing_in_an_empty_book(session: Session) -> None:
    assert verify(session) == []


@pytest.mark.usefixtures("book")
def test_it_finds_each_planted_fault(session: Session, engine_name: str) -> None:
    plant(session, [])
    assert verify(session) == [], "the planting itself is seen"
    session.rollback()
    for law, statements in faults_for(engine_name):
        plant(session, statements)
        assert law in {violation.law for violation in verify(session)}, statements
        session.rollback()


def test_every_law_has_a_planted_fault() -> None:
    assert {law for law, _ in [*FAULTS, FRACTION]} == set(LAWS)


def test_it_says_whose_account_and_by_how_much(session: Session, book: int) -> None:
    plant(session, [account("credits = 77, credits_held = 19")])
    assert verify(session) == [
        Violation("posted is the sum of the entries", book, 70, 77),
        Violation("held is the sum of the open holds", book, 20, 19),
    ]


@pytest.mark.usefixtures("book")
def test_it_finds_each_guard_that_is_out_of_force(session: Session, engine_name: str) -> None:
    for guard, statement in ways_to_lose_a_guard(engine_name):
        session.execute(text(statement))
        assert verify(session) == [Violation("the database guards the book", None, guard, None)], statement
        session.rollback()


def test_it_gives_no_false_alarm_for_a_debt(session: Session, book: int) -> None:
    """Claw-backs may lead below zero, also under open holds, and what was held may still be captured."""
    held = place_hold(session, book, 50, feature="test")
    take_back(session, book, 100)
    assert verify(session) == []
    assert capture_hold(session, held.id, 49).balance_after == -79
    assert verify(session) == []
    post_entry(session, user_id=book, amount=-7, entry_type="expiration", idempotency_key="expiration:1")
    reinstate(session, grant_of(session, book), 100, idempotency_key="dispute:dp_1")
    grant(session, book, 50, idempotency_key="purchase:3")
    spend(session, book, 44, feature="test")
    assert verify(session) == []


@pytest.mark.usefixtures("book")
def test_it_gives_no_false_alarm_for_a_reversal(session: Session) -> None:
    session.execute(text(account("credits = 100")))
    session.execute(text(entry(30, 100, "reversal", "reversal:1", reverses=SPENT)))
    assert verify(session) == []


def test_it_gives_no_false_alarm_for_ended_holds(session: Session, book: int) -> None:
    release_hold(session, place_hold(session, book, 5, feature="test").id)
    place_hold(session, book, 5, feature="test", expires_in_seconds=-1)
    assert verify(session) == []  # overdue, no job has run
    assert expire_holds(session) == 1
    assert verify(session) == []


@pytest.mark.usefixtures("book")
def test_it_writes_nothing(session: Session, engine_name: str) -> None:
    read_only = {"sqlite": "PRAGMA query_only = ON", "postgresql": "SET TRANSACTION READ ONLY"}
    session.execute(text(read_only[engine_name]))
    assert verify(session) == []

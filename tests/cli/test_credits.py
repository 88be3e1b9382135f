"""flask credits adjust EMAIL AMOUNT --note TEXT [--again]"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.billing.reconciliation.causes import find_unknown_causes
from payapp.ledger.balances import get_balance, list_entries
from payapp.ledger.verification import verify
from tests.cli.conftest import RunCommand
from tests.factories import make_user
from tests.staff.desk import acts_of, audit_of


@pytest.fixture
def user_id(session: Session) -> int:
    return make_user(session, email="ada@example.com", credits=100).id


def balance_of(session: Session, user_id: int) -> int:
    session.rollback()
    return get_balance(session, user_id).posted


def test_it_gives(session: Session, run: RunCommand, user_id: int) -> None:
    result = run("credits", "adjust", "Ada@example.com", "50", "--note", "ticket 7")
    assert (result.exit_code, result.stdout) == (0, "Ada@example.com: +50 credits, the balance is 150.\n")
    entry = list_entries(session, user_id, limit=1)[0]
    assert (entry.amount, entry.entry_type, entry.note) == (50, "adjustment", "ticket 7")
    [written] = audit_of(session)
    assert (written.act, written.user_id, written.note) == ("credits_adjusted", user_id, "ticket 7")
    assert (written.before, written.after) == ({"credits": 100}, {"credits": 150})
    assert written.subject == f"entry:{entry.id}"
    assert (written.staff_id, "@" in str(written.operator)) == (None, True)
    assert verify(session) == []
    assert list(find_unknown_causes(session))[1:] == []  # but for the test's own grant


def test_it_takes(session: Session, run: RunCommand, user_id: int) -> None:
    assert run("credits", "adjust", "ada@example.com", "-30", "--note", "ticket 7").exit_code == 0
    assert run("credits", "adjust", "--note", "ticket 8", "ada@example.com", "-70").exit_code == 0
    assert balance_of(session, user_id) == 0


def test_the_same_again_is_done_once_unless_it_is_said(session: Session, run: RunCommand, user_id: int) -> None:
    command = ("credits", "adjust", "ada@example.com", "5", "--note", "ticket 7")
    run(*command)
    again = run(*command[:-1], " ticket 7 ")
    assert (again.exit_code, "nothing has changed" in again.stdout) == (0, True)
    assert (balance_of(session, user_id), acts_of(session)) == (105, ["credits_adjusted"])
    assert run(*command, "--again").exit_code == 0
    assert run(*command[:-1], "ticket 8").exit_code == 0
    assert (balance_of(session, user_id), len(acts_of(session))) == (115, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ada@example.com", "-101"], "100 credits are available, 101 can't be taken"),
        (["ada@example.com", "0"], "AMOUNT is 1 to 1,000,000,000"),
        (["ada@example.com", "1000000001"], "AMOUNT is 1 to 1,000,000,000"),
        (["ada@example.com", "9" * 40], "AMOUNT is 1 to 1,000,000,000"),
        (["ada@example.com", "1.5"], "not a valid integer"),
        (["ada@example.com", "many"], "not a valid integer"),
        (["eve@example.com", "5"], "there is no user eve@example.com"),
        (["ada@example.com", "5", "--note", " "], "the reason must be one line"),
        (["ada@example.com", "5", "--note", "a\nb"], "the reason must be one line"),
        (["ada@example.com", "5", "--note", "x" * 301], "the reason must be one line"),
    ],
)
def test_it_says_why_it_refuses(
    session: Session, run: RunCommand, user_id: int, arguments: list[str], message: str
) -> None:
    result = run("credits", "adjust", "--note", "ticket 7", *arguments)
    assert result.exit_code != 0
    assert message in result.stderr
    assert (balance_of(session, user_id), audit_of(session)) == (100, [])


def test_it_needs_a_reason(run: RunCommand) -> None:
    assert "Missing option '--note'" in run("credits", "adjust", "ada@example.com", "5").stderr


def test_of_two_at_once_one_is_done(app: Flask, session: Session, run: RunCommand, user_id: int) -> None:
    session.rollback()
    barrier = Barrier(4)

    def adjust(_: int) -> int:
        barrier.wait()
        return run("credits", "adjust", "ada@example.com", "-60", "--note", "ticket 7").exit_code

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(adjust, range(4))) == [0] * 4
    assert (balance_of(session, user_id), acts_of(session)) == (40, ["credits_adjusted"])

"""flask ledger verify."""

import sqlite3

import pytest
from flask import Flask
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from tests.factories import make_user
from tests.ledger.faults import account, plant, write_book

VERIFY = ["ledger", "verify"]


def test_it_works(app: Flask, session: Session) -> None:
    write_book(session)
    result = app.test_cli_runner().invoke(args=VERIFY)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "every law holds for every account" in result.stdout


def test_it_names_each_violation_and_exits_1(app: Flask, session: Session) -> None:
    user_id = write_book(session)
    plant(session, [account("credits = 77, credits_held = 19")])
    session.commit()
    result = app.test_cli_runner().invoke(args=VERIFY)
    assert result.exit_code == 1
    assert f"account {user_id}: posted is the sum of the entries: expected 70, found 77" in result.stderr
    assert f"account {user_id}: held is the sum of the open holds: expected 20, found 19" in result.stderr
    assert "Error: 2 violations" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_it_does_not_wait_for_a_writer(app: Flask, session: Session, database_url: str) -> None:
    make_user(session, credits=5)
    session.commit()
    writer = sqlite3.connect(make_url(database_url).database or "")
    writer.execute("BEGIN IMMEDIATE")
    try:
        assert app.test_cli_runner().invoke(args=VERIFY).exit_code == 0
    finally:
        writer.close()

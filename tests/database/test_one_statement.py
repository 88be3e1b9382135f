"""read_row(): one row, within the open transaction or by a statement that goes alone."""

import pytest
from sqlalchemy import bindparam, literal, select, update
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.database.base import table_of
from payapp.database.one_statement import read_row
from tests.factories import make_user

USERS = table_of(User)
FIND = select(USERS.c.credits, literal("a constant").label("constant")).where(USERS.c.id == bindparam("user_id"))


def test_it_works(session: Session) -> None:
    user_id = make_user(session, credits=7).id
    make_user(session)
    session.rollback()
    assert read_row(session, FIND, {"user_id": user_id}) == (7, "a constant")
    assert read_row(session, FIND, {"user_id": 0}) is None


def test_it_sees_what_the_open_transaction_has_written(session: Session) -> None:
    user_id = make_user(session).id
    session.execute(update(USERS).values(email="new@example.com"))
    find = select(USERS.c.email).where(USERS.c.id == bindparam("user_id"))
    assert read_row(session, find, {"user_id": user_id}) == ("new@example.com",)
    session.rollback()
    assert read_row(session, find, {"user_id": user_id}) != ("new@example.com",)


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_it_leaves_no_transaction_open_that_was_not(session: Session) -> None:
    user_id = make_user(session).id
    session.rollback()
    read_row(session, FIND, {"user_id": user_id})
    assert not session.in_transaction()

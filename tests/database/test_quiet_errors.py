"""What the database says of a refused statement tells what is wrong, and nothing of what stands in the row."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from payapp.database.quiet_errors import quieten
from tests.factories import make_user

SECRETS = ("ada@example.com", "the hash of a password")
REFUSED = {
    "ck_users_credits_held_not_negative": "UPDATE users SET credits_held = -1",
    "password_hash": "UPDATE users SET password_hash = NULL",
    "users": "INSERT INTO users (email, password_hash, stripe_customer_key, created_at) SELECT email, password_hash, "
    "stripe_customer_key, created_at FROM users",
}


@pytest.mark.parametrize(("told", "statement"), REFUSED.items())
def test_a_refused_row_is_not_told(session: Session, told: str, statement: str) -> None:
    make_user(session, email=SECRETS[0], password_hash=SECRETS[1])
    with pytest.raises(DBAPIError) as refusal:
        session.execute(text(statement))
    for words in (str(refusal.value), repr(refusal.value), str(refusal.value.orig)):
        assert not any(secret in words for secret in SECRETS), words
    assert told.removeprefix("ck_users_") in str(refusal.value.orig)
    session.rollback()


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_a_value_that_is_no_number_is_not_told(session: Session) -> None:
    with pytest.raises(DBAPIError) as refusal:
        session.execute(text("SELECT CAST(:secret AS integer)"), {"secret": 'two\nlines " of it'})
    assert "lines" not in str(refusal.value)
    assert 'invalid input syntax for type integer: "…"' in str(refusal.value)
    assert refusal.value.orig is not None
    session.rollback()


def test_what_is_wrong_is_told_whatever_the_server_calls_its_details() -> None:
    assert quieten('violates constraint "a"\nDÉTAIL : La ligne contient (1)', "23514") == 'violates constraint "a"'
    assert quieten('syntax error at or near "SELEKT"\nLINE 1: SELEKT', "42601") == 'syntax error at or near "SELEKT"'
    assert quieten('invalid input: "a\nb"', "22P02") == 'invalid input: "…"'

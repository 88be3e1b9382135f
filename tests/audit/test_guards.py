"""The log is only ever added to: neither the application's connection nor a bare one changes what stands there."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from payapp.audit import Actor, NoReasonError, Reason, write_down
from tests.factories import make_user
from tests.ledger.conftest import raw
from tests.ledger.test_guards import refusal_of

__all__ = ["raw"]

INSERT = (
    "INSERT INTO audit_entries (created_at, operator, act, note) VALUES (CURRENT_TIMESTAMP, 'ada@host', 'x', 'why')"
)
CHANGES = [
    "UPDATE audit_entries SET note = 'another'",
    "UPDATE audit_entries SET created_at = CURRENT_TIMESTAMP WHERE id = 1",
    "DELETE FROM audit_entries",
    "DELETE FROM audit_entries WHERE id = 1",
    INSERT.replace("(created_at", "(id, created_at").replace("(CURRENT", "(1, CURRENT")
    + " ON CONFLICT (id) DO UPDATE SET note = 'another'",
]
REPLACE = INSERT.replace("INSERT", "INSERT OR REPLACE").replace("(created_at", "(id, created_at")
OF_ENGINE = {
    "sqlite": [
        REPLACE.replace("(CURRENT", "(1, CURRENT"),
        REPLACE.replace("(CURRENT", "(1, CURRENT").replace("INSERT OR REPLACE", "REPLACE"),
        "UPDATE OR REPLACE audit_entries SET id = 1 WHERE id = 2",
    ],
    "postgresql": ["TRUNCATE audit_entries", "TRUNCATE users CASCADE"],
}
READ = "SELECT * FROM audit_entries ORDER BY id"


@pytest.fixture
def entries(session: Session) -> list[Any]:
    """Two entries, one of a command and one of a user who is staff."""
    staff_id = make_user(session, is_staff=True).id
    write_down(session, Reason(Actor(operator="ada@host"), "a ticket"), "user_disabled", user_id=staff_id)
    write_down(session, Reason(Actor(staff_id), "a ticket"), "user_enabled", user_id=staff_id)
    session.commit()
    return list(session.execute(text(READ)).all())


def test_entries_are_only_ever_inserted(session: Session, raw: Any, engine_name: str, entries: list[Any]) -> None:
    session.rollback()
    for change in CHANGES + OF_ENGINE[engine_name]:
        assert "only ever inserted" in refusal_of(session, text(change)), change
        assert "only ever inserted" in refusal_of(raw, change), change
    assert list(session.execute(text(READ)).all()) == entries
    raw.execute(INSERT)


@pytest.mark.parametrize(
    "wrong",
    [
        INSERT.replace("'ada@host'", "NULL"),  # nobody
        INSERT.replace("operator,", "operator, staff_id,").replace("'ada@host',", "'ada@host', 1,"),  # two
        INSERT.replace("'why'", "'  '"),
        INSERT.replace("'why'", "NULL"),
        INSERT.replace("note)", "note, user_id)").replace("'why')", "'why', 99)"),
    ],
)
@pytest.mark.usefixtures("entries")
def test_an_entry_has_one_actor_a_reason_and_a_user_who_exists(session: Session, wrong: str) -> None:
    session.rollback()
    with pytest.raises(IntegrityError):
        session.execute(text(wrong))


@pytest.mark.parametrize("note", ["", " ", "a\nb", "x" * 301, "a\0b", "\udc80"])
def test_a_reason_is_one_line(note: str) -> None:
    with pytest.raises(NoReasonError):
        Reason(Actor(1), note)
    assert str(Actor(1)) == "staff 1"
    assert str(Actor(operator="ada@host")) == "ada@host"

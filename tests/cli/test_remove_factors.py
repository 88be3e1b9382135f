"""flask users remove-factors: for somebody who has lost everything."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.auth.factors.models import Passkey, RecoveryCode
from payapp.auth.factors.owned import has_factor
from tests.auth.factor_owners import add_passkey, is_in, make_owner, set_up_app, user_id_of
from tests.cli.conftest import RunCommand
from tests.people import Visitor


def test_it_works(app: Flask, session: Session, visitor: Visitor, run: RunCommand) -> None:
    visitor.sign_up()
    set_up_app(visitor)
    add_passkey(visitor)
    make_owner(session, "eve@example.com")
    result = run("users", "remove-factors", "Ada@Example.com", "--note", "came by with a passport")
    assert result.exit_code == 0
    assert "an authenticator app, 1 passkeys, and the recovery codes" in result.output
    session.rollback()
    assert not has_factor(session, user_id_of(session))
    assert has_factor(session, user_id_of(session, "eve@example.com"))
    assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 10  # eve's
    assert session.scalar(select(func.count()).select_from(Passkey)) == 0
    assert not is_in(visitor)
    assert Visitor(app.test_client()).log_in().headers["Location"] == "/dashboard/credits"


def test_it_ends_a_step_that_is_half_done(app: Flask, session: Session, run: RunCommand) -> None:
    _, codes = make_owner(session)
    visitor = Visitor(app.test_client())
    visitor.log_in()
    run("users", "remove-factors", "ada@example.com", "--note", "x")
    assert visitor.submit("/login/factor", code=codes[0]).status_code == 422
    assert not is_in(visitor)


def test_it_tells_when_there_was_nothing(session: Session, visitor: Visitor, run: RunCommand) -> None:
    visitor.sign_up()
    result = run("users", "remove-factors", "ada@example.com", "--note", "x")
    assert (result.exit_code, "no authenticator app, 0 passkeys" in result.output) == (0, True)


@pytest.mark.parametrize("arguments", [["nobody@example.com", "--note", "x"], ["nobody@example.com"], []])
def test_it_requires_a_user_and_a_reason(run: RunCommand, arguments: list[str]) -> None:
    assert run("users", "remove-factors", *arguments).exit_code != 0

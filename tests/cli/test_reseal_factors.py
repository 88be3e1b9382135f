"""flask users reseal-factors: after it a former SECRET_KEY can go."""

from dataclasses import replace

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.auth.factors.models import TotpSecret
from payapp.auth.factors.sealing import Sealer
from tests.auth.factor_owners import make_owner, user_id_of
from tests.cli.conftest import RunCommand

OLD, NEW = "a key for tests only", "the key of today"


def use_keys(app: Flask, *keys: str) -> None:
    settings = app.extensions["payapp_settings"]
    app.extensions["payapp_settings"] = replace(settings, secret_key=keys[0], secret_key_fallbacks=list(keys[1:]))


def sealed_secret(session: Session) -> str:
    session.rollback()
    return session.execute(select(TotpSecret.sealed_secret)).scalar_one()


def test_it_works(app: Flask, session: Session, run: RunCommand) -> None:
    secret, _ = make_owner(session)
    use_keys(app, NEW, OLD)
    result = run("users", "reseal-factors")
    assert (result.exit_code, "1 secrets are sealed" in result.output) == (0, True)
    assert Sealer((NEW,)).unseal(user_id_of(session), sealed_secret(session)) == secret


def test_it_tells_of_those_that_no_key_opens_and_leaves_them(app: Flask, session: Session, run: RunCommand) -> None:
    make_owner(session)
    before = sealed_secret(session)
    use_keys(app, NEW)
    result = run("users", "reseal-factors")
    assert (result.exit_code, "1 can't be opened" in result.output) == (1, True)
    assert sealed_secret(session) == before


def test_it_does_nothing_where_there_is_nothing(run: RunCommand) -> None:
    assert run("users", "reseal-factors").exit_code == 0

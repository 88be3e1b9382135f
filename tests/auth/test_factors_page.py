"""/dashboard/account/factors: setting up, renewing and removing what has to be shown besides the password."""

from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from payapp.auth.factors.models import RecoveryCode, TotpSecret
from payapp.auth.factors.owned import has_factor
from payapp.auth.login_sessions import LOGINS
from payapp.auth.models import LoginSession, User
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.database.sql_functions import database_now
from tests.auth.factor_owners import (
    PAGE,
    add_passkey,
    codes_on,
    error_on,
    is_in,
    later_code,
    secret_on,
    set_up_app,
    user_id_of,
)
from tests.factories import make_user
from tests.people import PASSWORD, Visitor

one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])
CHANGES = ("app", "app/confirm", "app/remove", "passkeys", "passkeys/1/remove", "recovery-codes")


def elsewhere(app: Flask, secret: str | None, session: Session) -> Visitor:
    """Log the same user in, in another browser."""
    other = Visitor(app.test_client())
    other.log_in()
    if secret:
        other.submit("/login/factor", code=later_code(session, secret))
    assert is_in(other)
    return other


def make_login_old(session: Session) -> None:
    with writing():
        session.rollback()
        session.execute(update(LoginSession).values(authenticated_at=utc_now() - timedelta(hours=1)))
        session.commit()


def test_it_works(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    assert "Your password alone opens your account" in visitor.get(PAGE).text
    _, codes = set_up_app(visitor)
    assert len(set(codes)) == 10
    assert has_factor(session, user_id_of(session))
    assert "10 left" in visitor.get(PAGE).text


def test_the_secret_stands_in_no_cache_and_not_in_the_database(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    visitor.submit(f"{PAGE}/app")
    page = visitor.get(f"{PAGE}/app")
    assert page.headers["Cache-Control"] == "no-store"
    assert "<svg" in page.text
    assert secret_on(page) not in session.execute(select(TotpSecret.sealed_secret)).scalar_one()


def test_a_secret_counts_when_it_is_confirmed_and_not_before(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    visitor.submit(f"{PAGE}/app")
    secret = secret_on(visitor.get(f"{PAGE}/app"))
    assert not has_factor(session, user_id_of(session))
    wrong = f"{(int(pyotp.TOTP(secret).now()) + 123_457) % 1_000_000:06}"
    answer = visitor.submit(f"{PAGE}/app/confirm", code=wrong)
    assert (answer.status_code, secret_on(answer)) == (422, secret)
    assert "not the code of this secret" in error_on(answer)
    assert visitor.submit(f"{PAGE}/app/confirm", code="").status_code == 422
    assert not has_factor(session, user_id_of(session))


def test_the_code_that_confirms_is_used_up(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    secret, _ = set_up_app(visitor)
    used = pyotp.TOTP(secret).generate_otp(session.scalars(select(TotpSecret.last_step)).one() or 0)
    visitor.submit("/logout")
    visitor.log_in()
    assert visitor.submit("/login/factor", code=used).status_code == 422


def test_a_tab_of_before_confirms_nothing(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    visitor.submit(f"{PAGE}/app")
    old = secret_on(visitor.get(f"{PAGE}/app"))
    visitor.submit(f"{PAGE}/app")
    assert visitor.submit(f"{PAGE}/app/confirm", code=pyotp.TOTP(old).now()).status_code == 422
    assert not has_factor(session, user_id_of(session))


def test_a_secret_waits_for_a_quarter_of_an_hour(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    visitor.submit(f"{PAGE}/app")
    secret = secret_on(visitor.get(f"{PAGE}/app"))
    with writing():
        session.rollback()
        session.execute(update(TotpSecret).values(created_at=database_now(-901)))
        session.commit()
    assert visitor.get(f"{PAGE}/app").headers["Location"] == PAGE
    visitor.submit(f"{PAGE}/app/confirm", code=pyotp.TOTP(secret).now())
    assert not has_factor(session, user_id_of(session))


def test_an_app_is_not_replaced_before_it_is_removed(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    secret, _ = set_up_app(visitor)
    before = session.execute(select(TotpSecret.sealed_secret)).scalar_one()
    assert visitor.submit(f"{PAGE}/app").headers["Location"] == PAGE
    assert "set up already" in visitor.get(PAGE).text
    assert visitor.get(f"{PAGE}/app").headers["Location"] == PAGE
    assert visitor.submit(f"{PAGE}/app/confirm", code=later_code(session, secret)).headers["Location"] == PAGE
    assert session.execute(select(TotpSecret.sealed_secret)).scalar_one() == before


def test_the_first_factor_ends_other_logins_and_counts_in_this_one(
    app: Flask, session: Session, visitor: Visitor
) -> None:
    visitor.sign_up()
    other = elsewhere(app, None, session)
    set_up_app(visitor)
    assert not is_in(other)
    assert is_in(visitor)
    assert session.execute(select(LOGINS.c.factor_at)).scalar_one() is not None


def test_the_second_factor_brings_no_codes_and_ends_nothing(app: Flask, session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    secret, _ = set_up_app(visitor)
    other = elsewhere(app, secret, session)
    add_passkey(visitor)
    assert is_in(other)
    assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 10


def test_a_removed_app_ends_other_logins(app: Flask, session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    secret, _ = set_up_app(visitor)
    other = elsewhere(app, secret, session)
    assert visitor.submit(f"{PAGE}/app/remove").headers["Location"] == PAGE
    assert not is_in(other)
    assert visitor.submit(f"{PAGE}/app/remove").status_code == 404


def test_with_the_last_factor_go_codes_and_the_memory_of_it(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    set_up_app(visitor)
    visitor.submit(f"{PAGE}/app/remove")
    assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 0
    assert session.execute(select(LOGINS.c.factor_at)).scalar_one() is None
    visitor.submit("/logout")
    assert visitor.log_in().headers["Location"] == "/dashboard/credits"


def test_while_another_factor_is_left_the_codes_stay(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    set_up_app(visitor)
    add_passkey(visitor)
    visitor.submit(f"{PAGE}/app/remove")
    assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 10
    assert session.execute(select(LOGINS.c.factor_at)).scalar_one() is not None


def test_recovery_codes_are_shown_once_and_kept_as_hashes(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    _, codes = set_up_app(visitor)
    assert codes_on(visitor.get(PAGE)) == []
    assert not set(codes) & set(session.scalars(select(RecoveryCode.code_hash)))
    answer = visitor.submit(f"{PAGE}/recovery-codes")
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(codes_on(answer)) == 10


def test_there_are_no_recovery_codes_without_a_factor(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    assert visitor.submit(f"{PAGE}/recovery-codes").status_code == 404
    assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 0


@one_engine
@pytest.mark.parametrize("path", CHANGES)
def test_a_stranger_changes_nothing(visitor: Visitor, path: str) -> None:
    assert visitor.submit(f"{PAGE}/{path}").headers["Location"].startswith("/login")


@pytest.mark.parametrize("path", CHANGES)
def test_a_change_needs_a_recent_login(session: Session, visitor: Visitor, path: str) -> None:
    visitor.sign_up()
    visitor.submit(f"{PAGE}/app")
    secret = secret_on(visitor.get(f"{PAGE}/app"))
    make_login_old(session)
    answer = visitor.submit(f"{PAGE}/{path}", code=pyotp.TOTP(secret).now(), name="x", answer="{}")
    assert answer.headers["Location"].startswith("/login/again")
    assert visitor.get(f"{PAGE}/app").headers["Location"].startswith("/login/again")
    assert visitor.get(PAGE).status_code == 200
    assert not has_factor(session, user_id_of(session))


@one_engine
def test_who_is_asked_for_the_password_goes_on_afterwards(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    make_login_old(session)
    fields = {"csrf_token": visitor.csrf_token()}
    answer = visitor.client.post(f"{PAGE}/app", data=fields, headers={"Referer": f"http://localhost{PAGE}"})
    assert answer.headers["Location"] == f"/login/again?next={PAGE}"
    assert visitor.submit(answer.headers["Location"], password=PASSWORD).headers["Location"] == PAGE
    assert visitor.submit(f"{PAGE}/app").headers["Location"] == f"{PAGE}/app"


@pytest.mark.parametrize("path", CHANGES)
def test_it_requires_a_csrf_token(session: Session, visitor: Visitor, path: str) -> None:
    visitor.sign_up()
    visitor.submit(f"{PAGE}/app")
    secret = secret_on(visitor.get(f"{PAGE}/app"))
    answer = visitor.client.post(f"{PAGE}/{path}", data={"code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 400
    assert not has_factor(session, user_id_of(session))


def test_who_was_disabled_or_logged_out_meanwhile_changes_nothing(
    app: Flask, session: Session, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The login ends between the moment in which the request is let in and the change."""
    visitor.sign_up()
    visitor.submit(f"{PAGE}/app")
    secret = secret_on(visitor.get(f"{PAGE}/app"))
    monkeypatch.setattr("payapp.auth.factors.routes.find_logged_in", lambda *_: None)
    assert visitor.submit(f"{PAGE}/app/confirm", code=pyotp.TOTP(secret).now()).status_code == 401
    assert not has_factor(session, user_id_of(session))


def test_noise_of_others_stays(app: Flask, session: Session, visitor: Visitor) -> None:
    eve = Visitor(app.test_client())
    eve.sign_up("eve@example.com")
    set_up_app(eve)
    visitor.sign_up()
    set_up_app(visitor)
    visitor.submit(f"{PAGE}/app/remove")
    assert has_factor(session, user_id_of(session, "eve@example.com"))
    assert is_in(eve)
    assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 10


def test_a_user_without_factors_has_none(session: Session) -> None:
    assert not has_factor(session, make_user(session).id)
    assert session.scalar(select(func.count()).select_from(User)) == 1

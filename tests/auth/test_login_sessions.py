"""Logins live in the database: ending one ends it for every copy of its cookie, on every process, at once."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.auth.accounts import create_user
from payapp.auth.login_sessions import (
    IDLE_SECONDS_MAX,
    LIFE_SECONDS_MAX,
    LOGINS,
    begin_login,
    end_login_of,
    end_logins,
    find_logged_in,
    forget_old_logins,
    list_logins,
)
from payapp.auth.models import LoginSession, User
from payapp.database.clock import utc_now
from tests.factories import make_user
from tests.people import PASSWORD, Visitor

DASHBOARD = "/dashboard/credits"


def copy_of(visitor: Visitor, app: Flask) -> Visitor:
    """Somebody else, with a copy of the visitor's cookie."""
    thief = Visitor(app.test_client())
    cookie = visitor.client.get_cookie("session")
    assert cookie is not None
    thief.client.set_cookie("session", cookie.value)
    return thief


def is_in(visitor: Visitor) -> bool:
    return visitor.get(DASHBOARD).status_code == 200


def make_it_old(session: Session, *, seen: float = 0, begun: float = 0) -> None:
    """Move every login's moments back by these seconds."""
    now = utc_now()
    session.execute(
        update(LoginSession).values(seen_at=now - timedelta(seconds=seen), created_at=now - timedelta(seconds=begun))
    )
    session.commit()


def seen_at(session: Session) -> datetime:
    session.rollback()
    moment: datetime = session.execute(select(LOGINS.c.seen_at)).scalar_one()
    return moment


def test_a_copied_cookie_is_dead_after_the_log_out(app: Flask, visitor: Visitor) -> None:
    visitor.sign_up()
    thief = copy_of(visitor, app)
    assert is_in(thief)
    visitor.submit("/logout")
    assert not is_in(thief)


def test_an_answer_that_was_under_way_at_the_log_out_brings_nobody_back(app: Flask, visitor: Visitor) -> None:
    visitor.sign_up()
    late = copy_of(visitor, app)  # its Set-Cookie arrives after that of the log-out
    visitor.submit("/logout")
    cookie = late.client.get_cookie("session")
    assert cookie is not None
    visitor.client.set_cookie("session", cookie.value)
    assert not is_in(visitor)


def test_a_log_out_leaves_other_browsers_logged_in(app: Flask, visitor: Visitor) -> None:
    visitor.sign_up()
    elsewhere = Visitor(app.test_client())
    elsewhere.log_in()
    visitor.submit("/logout")
    assert is_in(elsewhere)


def test_each_login_has_a_new_secret(app: Flask, session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    before = copy_of(visitor, app)
    visitor.client.delete_cookie("session")
    visitor.log_in()
    assert visitor.client.get_cookie("session") != before.client.get_cookie("session")
    assert is_in(before)  # a cookie that was only lost is no log-out
    assert len(list_logins(session, session.execute(select(User.id)).scalar_one())) == 2


def test_the_cookie_names_no_user_and_the_database_no_cookie(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    with visitor.client.session_transaction() as cookie:
        token = cookie["_user_id"]
    row = session.execute(select(LOGINS)).one()
    assert token not in str(row)
    assert len(token) >= 43


@pytest.mark.parametrize("token", ["1", "", "-1", "\udcff", "x" * 10_000, "' OR 1=1 --"])
def test_a_secret_that_is_none_logs_nobody_in(session: Session, token: str) -> None:
    user = make_user(session)
    begin_login(session, user.id, "a browser")
    assert find_logged_in(session, token) is None


@pytest.mark.parametrize(
    ("seen", "begun", "is_good"),
    [
        (IDLE_SECONDS_MAX - 60, IDLE_SECONDS_MAX, True),
        (IDLE_SECONDS_MAX + 1, IDLE_SECONDS_MAX, False),
        (0, LIFE_SECONDS_MAX - 60, True),
        (0, LIFE_SECONDS_MAX + 1, False),
    ],
)
def test_a_login_ends_when_unused_for_long_and_at_a_great_age(
    session: Session, seen: float, begun: float, is_good: bool
) -> None:
    user = make_user(session)
    token = begin_login(session, user.id, "a browser")
    make_it_old(session, seen=seen, begun=begun)
    assert (find_logged_in(session, token) is not None) == is_good
    assert len(list_logins(session, user.id)) == is_good
    assert forget_old_logins(session) == (not is_good)
    assert forget_old_logins(session) == 0


def test_a_disabled_user_is_out_at_once(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    session.execute(update(User).values(disabled_at=utc_now()))
    session.commit()
    assert not is_in(visitor)


def test_a_page_notes_once_an_hour_that_the_login_is_in_use(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    make_it_old(session, seen=3000)
    before = seen_at(session)
    assert is_in(visitor)
    assert seen_at(session) == before
    make_it_old(session, seen=4000)
    assert is_in(visitor)
    assert utc_now() - seen_at(session) < timedelta(seconds=60)


def test_a_form_that_is_sent_notes_nothing(session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    token = visitor.csrf_token()
    make_it_old(session, seen=4000)
    before = seen_at(session)
    visitor.client.post("/api/credits/checkout", data={"csrf_token": token, "package_id": "none"})
    assert seen_at(session) == before


def test_nobody_ends_the_login_of_somebody_else(session: Session) -> None:
    ada, eve = make_user(session), make_user(session)
    begin_login(session, ada.id, "ada's")
    (login,) = list_logins(session, ada.id)
    assert not end_login_of(session, eve.id, login.id)
    assert end_login_of(session, ada.id, login.id)
    assert not end_login_of(session, ada.id, login.id)


def test_all_logins_but_one_end_together(session: Session) -> None:
    ada, eve = make_user(session), make_user(session)
    kept = begin_login(session, ada.id, "kept")
    begin_login(session, ada.id, "ended")
    begin_login(session, eve.id, "eve's")
    logged_in = find_logged_in(session, kept)
    assert logged_in is not None
    end_logins(session, ada.id, but_for=logged_in.login.id)
    assert [login.browser for login in list_logins(session, ada.id)] == ["kept"]
    end_logins(session, ada.id)
    assert list_logins(session, ada.id) == []
    assert len(list_logins(session, eve.id)) == 1


def test_a_browser_may_call_itself_anything(session: Session, visitor: Visitor) -> None:
    create_user(session, "ada@example.com", PASSWORD)
    session.commit()
    fields = {"email": "ada@example.com", "password": PASSWORD, "csrf_token": visitor.csrf_token()}
    response = visitor.client.post("/login", data=fields, headers={"User-Agent": "é\x7f" * 400})
    assert response.status_code == 303
    assert is_in(visitor)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_former_key_keeps_people_logged_in(settings: dict[str, str], request: pytest.FixtureRequest) -> None:
    """SECRET_KEY changes, the old one goes to SECRET_KEY_FALLBACKS: cookies signed with it are still good."""
    visitor: Visitor = request.getfixturevalue("visitor")
    visitor.sign_up()
    app = visitor.client.application
    old_key, app.secret_key = app.secret_key, "another key"
    assert not is_in(copy_of(visitor, app))
    app.config["SECRET_KEY_FALLBACKS"] = [old_key]
    assert is_in(copy_of(visitor, app))

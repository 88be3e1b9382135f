"""/dashboard/account: the password and the logins, as a browser without JavaScript uses it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.account.browsers import UNKNOWN, describe_browser
from payapp.auth.login_sessions import end_logins, list_logins
from payapp.auth.models import LoginSession, User
from payapp.database.clock import utc_now
from tests.people import PASSWORD, Visitor, give_credits

PAGE = "/dashboard/account"
NEW_PASSWORD = "staple of another"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])  # where the database has no say


@pytest.fixture
def user_id(visitor: Visitor, session: Session) -> int:
    return give_credits(visitor, session, 0)


def another_browser(app: Flask, password: str = PASSWORD) -> Visitor:
    browser = Visitor(app.test_client())
    data = {"csrf_token": browser.csrf_token(), "email": "ada@example.com", "password": password}
    assert browser.client.post("/login", data=data, headers={"User-Agent": FIREFOX}).status_code == 303
    return browser


def is_in(visitor: Visitor) -> bool:
    return visitor.get(PAGE).status_code == 200


def change(visitor: Visitor, current: str = PASSWORD, new: str = NEW_PASSWORD) -> int:
    return visitor.submit(f"{PAGE}/password", current_password=current, new_password=new).status_code


def hash_of(session: Session, user_id: int) -> str:
    session.rollback()
    found: str = session.execute(select(User.password_hash).where(User.id == user_id)).scalar_one()
    return found


@one_engine
def test_it_shows_the_account(visitor: Visitor, user_id: int) -> None:
    page = visitor.get(PAGE)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert "ada@example.com" in page.text
    assert 'autocomplete="new-password"' in page.text
    assert f'href="{PAGE}"' in visitor.get("/dashboard/credits").text


def test_the_password_is_changed(app: Flask, visitor: Visitor, user_id: int) -> None:
    elsewhere = another_browser(app)
    cookie = visitor.client.get_cookie("session")
    thief = Visitor(app.test_client())
    thief.client.set_cookie("session", cookie.value if cookie else "")
    assert is_in(thief)
    assert change(visitor) == 303
    assert [is_in(each) for each in (visitor, elsewhere, thief)] == [True, False, False]
    assert Visitor(app.test_client()).log_in(password=PASSWORD).status_code == 422
    assert Visitor(app.test_client()).log_in(password=NEW_PASSWORD).status_code == 303


@one_engine
@pytest.mark.parametrize(
    ("current", "new", "message"),
    [
        ("wrong", NEW_PASSWORD, "The current password is wrong"),
        ("", NEW_PASSWORD, "Enter your current password"),
        (PASSWORD, "", "Choose a new password"),
        (PASSWORD, PASSWORD, "This is your current password"),
        (PASSWORD, "password123", "easy to guess"),
        (PASSWORD, "example-ada", "made of your e-mail address"),
        (PASSWORD, "kx8dj2lq" * 17, "Use 8 to 128 characters"),
    ],
)
def test_it_refuses(
    app: Flask, visitor: Visitor, session: Session, user_id: int, current: str, new: str, message: str
) -> None:
    elsewhere, before = another_browser(app), hash_of(session, user_id)
    answer = visitor.submit(f"{PAGE}/password", current_password=current, new_password=new)
    assert answer.status_code == 422
    assert message in answer.text
    assert hash_of(session, user_id) == before
    assert is_in(elsewhere)


def test_wrong_passwords_are_counted(visitor: Visitor, session: Session, user_id: int) -> None:
    assert [change(visitor, "wrong") for _ in range(11)] == [422] * 10 + [429]
    assert change(visitor) == 429


def test_a_change_asks_for_a_recent_login(visitor: Visitor, session: Session, user_id: int) -> None:
    before = hash_of(session, user_id)
    session.execute(update(LoginSession).values(authenticated_at=utc_now() - timedelta(minutes=16)))
    session.commit()
    answer = visitor.submit(f"{PAGE}/password", current_password=PASSWORD, new_password=NEW_PASSWORD)
    assert answer.location.startswith("/login/again")
    assert hash_of(session, user_id) == before


@one_engine
def test_an_old_long_password_is_changed_too(app: Flask, visitor: Visitor, session: Session, user_id: int) -> None:
    from payapp.auth.accounts import make_hash

    session.execute(update(User).values(password_hash=make_hash("x" * 256)))
    session.commit()
    assert Visitor(app.test_client()).log_in(password="x" * 256).status_code == 303
    assert change(visitor, "x" * 256) == 303


def test_of_two_changes_at_once_one_counts(app: Flask, visitor: Visitor, session: Session, user_id: int) -> None:
    """Whoever comes second has been logged out by the first, or finds another password."""
    elsewhere = another_browser(app)
    asked = [(visitor, visitor.csrf_token()), (elsewhere, elsewhere.csrf_token())]

    def press(number: int) -> int:
        browser, token = asked[number]
        data = {"csrf_token": token, "current_password": PASSWORD, "new_password": f"{NEW_PASSWORD} {number}"}
        return browser.client.post(f"{PAGE}/password", data=data).status_code

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(press, range(2)))
    logins = [Visitor(app.test_client()).log_in(password=f"{NEW_PASSWORD} {number}") for number in range(2)]
    assert sorted(each.status_code for each in logins) == [303, 422]
    session.rollback()
    assert [is_in(visitor), is_in(elsewhere)].count(True) == 1


def test_nothing_is_changed_by_a_login_that_has_ended(visitor: Visitor, session: Session, user_id: int) -> None:
    token, before = visitor.csrf_token(), hash_of(session, user_id)
    end_logins(session, user_id)
    session.commit()
    data = {"csrf_token": token, "current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert visitor.client.post(f"{PAGE}/password", data=data).location.startswith("/login")
    assert hash_of(session, user_id) == before


def test_nothing_is_changed_by_a_login_that_ends_meanwhile(
    visitor: Visitor, session: Session, user_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hash_of(session, user_id)
    monkeypatch.setattr("payapp.auth.freshness.routes.renew_login", lambda _session, _login_id: None)
    assert change(visitor) in (303, 401)
    assert hash_of(session, user_id) == before


def test_logins_are_listed_and_ended(app: Flask, visitor: Visitor, session: Session, user_id: int) -> None:
    elsewhere = another_browser(app)
    page = visitor.get(PAGE).text
    assert "Firefox on Linux" in page
    assert page.count("This browser") == 1
    [other] = [each for each in list_logins(session, user_id) if each.browser == FIREFOX]
    assert visitor.submit(f"{PAGE}/logins/{other.id}/end").status_code == 303
    assert not is_in(elsewhere)
    assert is_in(visitor)
    assert visitor.submit(f"{PAGE}/logins/{other.id}/end").status_code == 404  # pressed twice


def test_everything_else_is_logged_out(app: Flask, visitor: Visitor, user_id: int) -> None:
    others = [another_browser(app) for _ in range(2)]
    assert visitor.submit(f"{PAGE}/logins/end-others").status_code == 303
    assert [is_in(each) for each in (visitor, *others)] == [True, False, False]
    assert "Log out everywhere else" not in visitor.get(PAGE).text


def test_other_peoples_logins_are_not_found(app: Flask, visitor: Visitor, session: Session, user_id: int) -> None:
    stranger = Visitor(app.test_client())
    give_credits(stranger, session, 0, "bob@example.com")
    [login] = list_logins(session, user_id)
    assert stranger.submit(f"{PAGE}/logins/{login.id}/end").status_code == 404
    assert stranger.submit(f"{PAGE}/logins/{2**70}/end").status_code == 404
    assert stranger.submit(f"{PAGE}/logins/end-others").status_code == 303
    assert is_in(visitor)


@one_engine
def test_a_browsers_name_is_shown_as_text(app: Flask, visitor: Visitor, session: Session, user_id: int) -> None:
    session.execute(update(LoginSession).values(browser="<b>Firefox/1</b>\0"[:-1]))
    session.commit()
    assert "<b>" not in visitor.get(PAGE).text


EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML) Chrome/140.0 Safari/537.36 Edg/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605 (KHTML) Version/18.5 Mobile Safari/604"
CHROME = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (EDGE, "Edge on Windows"),
        (SAFARI, "Safari on an iPhone"),
        (CHROME, "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "A browser on Mac"),
        ("curl/8.0", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_it_says_which_browser(user_agent: str, words: str) -> None:
    assert describe_browser(user_agent) == words

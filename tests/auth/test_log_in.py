"""POST /login: who are you, and where were you going?"""

import re
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.auth import accounts
from payapp.auth.accounts import create_user
from payapp.auth.models import User
from payapp.database.clock import utc_now
from payapp.extensions import db
from tests.people import PASSWORD, Visitor

one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def ada(session: Session) -> int:
    """The id of a user with the usual address and password."""
    user = create_user(session, "ada@example.com", PASSWORD)
    session.commit()
    return user.id


def seen_text(response: TestResponse) -> str:
    """Return the page without what is different every time."""
    return re.sub(r"[\w.-]{60,}", "token", response.text)


@pytest.mark.usefixtures("ada")
def test_it_works(visitor: Visitor) -> None:
    response = visitor.log_in()
    assert (response.status_code, response.headers["Location"]) == (303, "/dashboard/credits")
    assert visitor.get("/dashboard/credits").status_code == 200


@pytest.mark.usefixtures("ada")
def test_it_takes_the_address_in_any_capitals(visitor: Visitor) -> None:
    assert visitor.log_in("ADA@Example.Com ").status_code == 303


@pytest.mark.usefixtures("ada")
def test_it_gives_the_same_answer_to_an_unknown_address_and_a_wrong_password(visitor: Visitor) -> None:
    wrong = visitor.log_in("ada@example.com", "wrong password")
    unknown = visitor.log_in("eve@example.com", "wrong password")
    assert wrong.status_code == unknown.status_code == 422
    assert seen_text(wrong) == seen_text(unknown).replace("eve@", "ada@")
    assert "The e-mail address or the password is wrong." in wrong.text


@pytest.mark.usefixtures("ada")
def test_it_begins_a_fresh_session(visitor: Visitor) -> None:
    with visitor.client.session_transaction() as before:
        before["planted"] = "by somebody else"
    token_before = visitor.csrf_token()
    visitor.log_in()
    with visitor.client.session_transaction() as after:
        assert "planted" not in after
        assert (after["_fresh"], after.permanent) == (True, True)
    assert visitor.client.post("/logout", data={"csrf_token": token_before}).status_code == 400


@pytest.mark.usefixtures("ada")
def test_it_sets_a_cookie_that_scripts_and_other_sites_can_not_use(visitor: Visitor) -> None:
    cookie = visitor.log_in().headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # http://localhost would never get it back


@one_engine
def test_it_sets_a_secure_cookie_where_the_origin_is_https(
    settings: dict[str, str], request: pytest.FixtureRequest
) -> None:
    settings["APP_BASE_URL"] = "https://localhost"
    client: FlaskClient = request.getfixturevalue("client")
    assert "Secure" in client.get("/login").headers["Set-Cookie"]


@pytest.mark.usefixtures("ada")
def test_it_sends_away_who_is_logged_in(visitor: Visitor) -> None:
    visitor.log_in()
    assert visitor.get("/login").headers["Location"] == "/dashboard/credits"
    assert visitor.submit("/login", email="x@example.com", password="x").status_code == 303


@one_engine
@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("path", ["/features/qr-codes", "/dashboard/credits?success=true&session_id=cs_1", "/"])
def test_it_leads_where_the_visitor_was_going(visitor: Visitor, path: str) -> None:
    response = visitor.client.post(
        "/login",
        query_string={"next": path},
        data={"email": "ada@example.com", "password": PASSWORD, "csrf_token": visitor.csrf_token()},
    )
    assert response.headers["Location"] == path


@one_engine
@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "evil.example",
        "http:evil.example",
        "/ok\r\nSet-Cookie: a=b",
        "",
    ],
)
def test_it_leads_nowhere_else(visitor: Visitor, target: str) -> None:
    response = visitor.client.post(
        "/login",
        query_string={"next": target},
        data={"email": "ada@example.com", "password": PASSWORD, "csrf_token": visitor.csrf_token()},
    )
    assert (response.status_code, response.headers["Location"]) == (303, "/dashboard/credits")


@one_engine
def test_it_keeps_the_way_back_while_the_form_is_filled_in(visitor: Visitor) -> None:
    page = visitor.get("/login?next=/features/qr-codes")
    assert 'action="/login?next=/features/qr-codes"' in page.text
    assert 'href="/signup?next=/features/qr-codes"' in page.text


@pytest.mark.usefixtures("ada")
def test_it_requires_a_csrf_token(visitor: Visitor) -> None:
    data = {"email": "ada@example.com", "password": PASSWORD}
    assert visitor.client.post("/login", data=data).status_code == 400
    assert visitor.client.post("/login", data=data | {"csrf_token": "made up"}).status_code == 400
    assert visitor.get("/dashboard/credits").status_code == 303


@pytest.mark.parametrize(
    "fields", [{}, {"email": "ada@example.com"}, {"password": "x"}, {"email": "a" * 255, "password": "x"}]
)
def test_it_requires_both_fields(visitor: Visitor, fields: dict[str, str]) -> None:
    assert visitor.submit("/login", **fields).status_code == 422


def test_it_refuses_what_no_database_can_hold(visitor: Visitor) -> None:
    assert visitor.log_in("ada\0@example.com").status_code == 400
    assert visitor.log_in("ada@example.com", "\0").status_code == 400
    lone_surrogate = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"csrf_token={visitor.csrf_token()}&email=%ED%A0%80%40example.com&password=x"
    assert visitor.client.post("/login", data=body, headers=lone_surrogate).status_code == 422
    assert visitor.log_in("ada@example.com", "x" * 2_000_000).status_code == 413


@one_engine
@pytest.mark.usefixtures("ada")
def test_it_takes_no_json(visitor: Visitor) -> None:
    headers = {"X-CSRFToken": visitor.csrf_token()}
    for body in ({"email": "ada@example.com", "password": PASSWORD}, [1], {"email": 5}):
        assert visitor.client.post("/login", json=body, headers=headers).status_code == 415


def test_it_forgets_a_login_whose_user_is_gone(visitor: Visitor) -> None:
    for user_id in ("99999", "x", "\u0663"):
        with visitor.client.session_transaction() as session:
            session["_user_id"] = user_id
        assert visitor.get("/dashboard/credits").headers["Location"] == "/login?next=/dashboard/credits"


def test_it_renews_an_outdated_hash(ada: int, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1)
    monkeypatch.setattr(accounts, "hasher", stronger)
    assert visitor.log_in().status_code == 303
    user = accounts.find_user(db.session(), "ada@example.com")
    assert user is not None
    assert not stronger.check_needs_rehash(user.password_hash)


@pytest.mark.usefixtures("ada")
def test_it_verifies_with_no_transaction_open(
    visitor: Visitor, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No webhook waits for SQLite's write lock, and no connection is kept, while argon2id takes its time."""
    checked_out: list[int] = []
    pool: Any = db.engine.pool

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            checked_out.append(pool.checkedout())
            return super().verify(hash, password)

    monkeypatch.setattr(accounts, "hasher", Watched(time_cost=1, memory_cost=64, parallelism=1))
    session.rollback()
    assert visitor.log_in().status_code == 303
    assert checked_out == [0]


def test_it_lets_nobody_in_who_is_disabled(app: Flask, visitor: Visitor, session: Session) -> None:
    visitor.sign_up()
    session.execute(update(User).values(disabled_at=utc_now()))
    session.commit()
    late = Visitor(app.test_client())
    answer = late.log_in()
    assert answer.status_code == 422
    assert "This account is disabled." in answer.text
    assert "disabled" not in late.log_in(password="wrong password").text
    assert late.get("/dashboard/credits").status_code == 303

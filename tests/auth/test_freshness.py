"""recent_login_required: what is worth stealing asks for the password once more, and does nothing until then."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from payapp.auth.api_keys import list_api_keys
from payapp.auth.api_keys.models import ApiKey
from payapp.auth.login_sessions import end_logins, list_logins
from payapp.auth.models import LoginSession
from payapp.database.clock import utc_now
from tests.people import PASSWORD, Visitor, give_credits

PAGE = "/dashboard/api-keys"
AGAIN = "/login/again"
KEY = {"name": "my program", "scope": "spend"}
one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])  # where the database has no say


@pytest.fixture
def user_id(visitor: Visitor, session: Session) -> int:
    return give_credits(visitor, session, 0)


def let_pass(session: Session, minutes: float) -> None:
    """Move the moment at which everybody last proved who they are back."""
    session.execute(update(LoginSession).values(authenticated_at=utc_now() - timedelta(minutes=minutes)))
    session.commit()


def count_keys(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(ApiKey)) or 0


def post(visitor: Visitor, path: str, referrer: str = PAGE, **fields: str) -> tuple[int, str | None]:
    headers = {"Referer": f"http://localhost{referrer}"}
    answer = visitor.client.post(path, data={"csrf_token": visitor.csrf_token(), **fields}, headers=headers)
    return answer.status_code, answer.location


def test_it_works(visitor: Visitor, session: Session, user_id: int) -> None:
    let_pass(session, 16)
    status, location = post(visitor, PAGE, **KEY)
    assert (status, location) == (303, f"{AGAIN}?next={PAGE}")
    assert count_keys(session) == 0
    page = visitor.get(location or "")
    assert "ada@example.com" in page.text
    answer = visitor.submit(location or "", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert count_keys(session) == 0  # what was sent before is not done by itself
    assert visitor.submit(PAGE, **KEY).status_code == 200
    assert count_keys(session) == 1


@one_engine
def test_a_login_of_the_last_quarter_of_an_hour_is_enough(visitor: Visitor, session: Session, user_id: int) -> None:
    let_pass(session, 14)
    assert visitor.submit(PAGE, **KEY).status_code == 200


@one_engine
@pytest.mark.parametrize("deed", ["rotate", "revoke"])
def test_keys_are_neither_rotated_nor_revoked_without_it(
    visitor: Visitor, session: Session, user_id: int, deed: str
) -> None:
    visitor.submit(PAGE, **KEY)
    [key] = list_api_keys(session, user_id)
    let_pass(session, 16)
    assert post(visitor, f"{PAGE}/{key.id}/{deed}") == (303, f"{AGAIN}?next={PAGE}")
    session.rollback()
    assert [each.revoked_at for each in list_api_keys(session, user_id)] == [None]
    assert visitor.get(PAGE).status_code == 200  # the page itself can be looked at


@one_engine
def test_programs_are_told_so(visitor: Visitor, session: Session, user_id: int) -> None:
    let_pass(session, 16)
    headers = {"Accept": "application/json", "X-CSRFToken": visitor.csrf_token()}
    answer = visitor.client.post(PAGE, data=KEY, headers=headers)
    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
    assert (answer.get_json() or {})["code"] == "recent_login_required"
    answer = visitor.client.post(PAGE, data=KEY, headers={"HX-Request": "true", "X-CSRFToken": visitor.csrf_token()})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (403, AGAIN)
    assert count_keys(session) == 0


@one_engine
def test_it_never_leads_to_another_site(visitor: Visitor, session: Session, user_id: int) -> None:
    for target in ("https://evil.example", "//evil.example", "/\\evil.example", "", AGAIN, "/login?next=/x", "\n//x"):
        answer = visitor.client.post(
            AGAIN, query_string={"next": target}, data={"csrf_token": visitor.csrf_token(), "password": PASSWORD}
        )
        assert (answer.status_code, answer.location) == (303, "/dashboard/credits")
    let_pass(session, 16)
    assert post(visitor, PAGE, referrer=f"{PAGE}/1/revoke", **KEY) == (303, AGAIN)  # a page that can't be looked at


def test_it_refuses_a_wrong_password_ten_times(visitor: Visitor, session: Session, user_id: int) -> None:
    let_pass(session, 16)
    answers = [visitor.submit(AGAIN, password="wrong").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    assert visitor.submit(AGAIN, password=PASSWORD).status_code == 429
    assert post(visitor, PAGE, **KEY)[0] == 303
    assert count_keys(session) == 0


@one_engine
@pytest.mark.parametrize("fields", [{}, {"password": ""}, {"password": "x" * 1025}])
def test_it_wants_a_password(visitor: Visitor, session: Session, user_id: int, fields: dict[str, str]) -> None:
    assert visitor.submit(AGAIN, **fields).status_code == 422


@one_engine
def test_another_persons_password_proves_nothing(app: Flask, visitor: Visitor, session: Session, user_id: int) -> None:
    Visitor(app.test_client()).sign_up("bob@example.com", "staple of another")
    let_pass(session, 16)
    assert visitor.submit(AGAIN, password="staple of another", email="bob@example.com").status_code == 422


def test_strangers_are_asked_to_log_in(visitor: Visitor) -> None:
    assert visitor.get(AGAIN).location.startswith("/login?next=")
    assert post(visitor, PAGE, **KEY)[1] == f"/login?next={PAGE}"


def test_a_copied_cookie_dies(app: Flask, visitor: Visitor, session: Session, user_id: int) -> None:
    cookie = visitor.client.get_cookie("session")
    assert cookie
    thief = Visitor(app.test_client())
    thief.client.set_cookie("session", cookie.value)
    assert visitor.submit(AGAIN, password=PASSWORD).status_code == 303
    assert visitor.get(PAGE).status_code == 200
    assert thief.get(PAGE).status_code == 303
    session.rollback()
    assert len(list_logins(session, user_id)) == 1


def test_it_is_of_this_browser_only(app: Flask, visitor: Visitor, session: Session, user_id: int) -> None:
    elsewhere = Visitor(app.test_client())
    elsewhere.log_in()
    let_pass(session, 16)
    visitor.submit(AGAIN, password=PASSWORD)
    assert visitor.submit(PAGE, **KEY).status_code == 200
    assert post(elsewhere, PAGE, **KEY)[0] == 303
    assert count_keys(session) == 1


def test_a_login_that_has_ended_is_not_brought_back(visitor: Visitor, session: Session, user_id: int) -> None:
    token = visitor.csrf_token()
    end_logins(session, user_id)
    session.commit()
    answer = visitor.client.post(AGAIN, data={"csrf_token": token, "password": PASSWORD})
    assert answer.location.startswith("/login")
    session.rollback()
    assert list_logins(session, user_id) == []

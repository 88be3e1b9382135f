"""/dashboard/api-keys, as a browser without JavaScript uses it."""

import re

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.auth.api_keys import find_active_key, list_api_keys
from payapp.auth.api_keys.models import ApiKey
from tests.people import Visitor, give_credits

PAGE = "/dashboard/api-keys"


def secret_in(html: str) -> str | None:
    found = re.search(r'value="(payapp_[0-9a-f]{10}_[0-9a-f]{64})"', html)
    return found[1] if found else None


def make_key(visitor: Visitor, name: str = "my program", scope: str = "spend") -> str:
    secret = secret_in(visitor.submit(PAGE, name=name, scope=scope).text)
    assert secret
    return secret


@pytest.fixture
def user_id(visitor: Visitor, session: Session) -> int:
    return give_credits(visitor, session, 0)


def test_it_works(visitor: Visitor, session: Session, user_id: int) -> None:
    assert "No keys yet" in visitor.get(PAGE).text
    answer = visitor.submit(PAGE, name=" my program ", scope="spend")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    found = find_active_key(session, secret_in(answer.text) or "")
    assert found is not None
    assert (found.user_id, found.scope) == (user_id, "spend")
    assert list_api_keys(session, user_id)[0].name == "my program"


def test_the_secret_is_shown_once(visitor: Visitor, user_id: int) -> None:
    secret = make_key(visitor)
    page = visitor.get(PAGE).text
    assert secret.rpartition("_")[0] in page
    assert secret not in page
    assert secret_in(page) is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "", "scope": "read"}, "Give the key a name"),
        ({"name": "   ", "scope": "read"}, "Give the key a name"),
        ({"name": "x" * 81, "scope": "read"}, "at most 80 characters"),
        ({"name": "fine", "scope": "service"}, "Not a valid choice"),
        ({"name": "fine", "scope": ""}, "Choose what the key may do"),
    ],
)
def test_it_refuses(visitor: Visitor, session: Session, user_id: int, fields: dict[str, str], message: str) -> None:
    answer = visitor.submit(PAGE, **fields)
    assert answer.status_code == 422
    assert message in answer.text
    assert session.scalar(select(func.count()).select_from(ApiKey)) == 0


def test_it_shows_names_as_text(visitor: Visitor, user_id: int) -> None:
    make_key(visitor, name="<b>bold</b>")
    assert "<b>bold" not in visitor.get(PAGE).text


def test_a_key_is_rotated_and_the_old_one_revoked(visitor: Visitor, session: Session, user_id: int) -> None:
    old = make_key(visitor)
    key_id = list_api_keys(session, user_id)[0].id
    new = secret_in(visitor.submit(f"{PAGE}/{key_id}/rotate").text)
    assert new not in (None, old)
    session.rollback()
    assert find_active_key(session, old)
    answer = visitor.submit(f"{PAGE}/{key_id}/revoke")
    assert (answer.status_code, answer.location) == (303, PAGE)
    session.rollback()
    assert find_active_key(session, old) is None
    assert find_active_key(session, new or "")
    page = visitor.get(PAGE).text
    assert "is revoked" in page
    assert f"{PAGE}/{key_id}/rotate" not in page


@pytest.mark.parametrize("deed", ["rotate", "revoke"])
def test_other_peoples_keys_are_not_found(
    app: Flask, visitor: Visitor, session: Session, user_id: int, deed: str
) -> None:
    secret = make_key(visitor)
    key_id = list_api_keys(session, user_id)[0].id
    stranger = Visitor(app.test_client())
    give_credits(stranger, session, 0, "bob@example.com")
    assert stranger.submit(f"{PAGE}/{key_id}/{deed}").status_code == 404
    assert stranger.submit(f"{PAGE}/{2**70}/{deed}").status_code == 404
    session.rollback()
    assert find_active_key(session, secret)
    assert secret.rpartition("_")[0] not in stranger.get(PAGE).text


def test_nothing_is_made_without_a_csrf_token(visitor: Visitor, session: Session, user_id: int) -> None:
    assert visitor.client.post(PAGE, data={"name": "x", "scope": "read"}).status_code == 400
    assert session.scalar(select(func.count()).select_from(ApiKey)) == 0

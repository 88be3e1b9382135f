"""How often one may try to log in."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.auth.accounts import create_user
from payapp.auth.routes import LOGINS, SIGN_UPS, WRONG_PASSWORDS
from tests.people import PASSWORD, Visitor

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])  # limits live in memory or in Redis
WINDOW_SECONDS = 15 * 60


@pytest.fixture
def ada(session: Session) -> None:
    create_user(session, "ada@example.com", PASSWORD)
    session.commit()


def test_the_limits_are_those_of_the_contract(engine_name: str) -> None:
    assert (WRONG_PASSWORDS, LOGINS) == ("10 per 15 minutes", "50 per 15 minutes")
    assert int(SIGN_UPS.split()[0]) > 50


@pytest.mark.usefixtures("ada")
def test_it_allows_ten_wrong_passwords(visitor: Visitor) -> None:
    assert [visitor.log_in(password="wrong").status_code for _ in range(12)] == [422] * 10 + [429] * 2
    refused = visitor.log_in()  # the right one comes too late
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW_SECONDS
    assert "Too many tries" in refused.text


@pytest.mark.usefixtures("ada")
def test_it_counts_by_address_in_any_capitals(visitor: Visitor) -> None:
    for typed in ["ada@example.com", "ADA@example.com", " Ada@Example.com "] * 4:
        last = visitor.log_in(typed, "wrong")
    assert last.status_code == 429


def test_it_counts_unknown_addresses_alike(visitor: Visitor) -> None:
    answers = [visitor.log_in("nobody@example.com", "wrong").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


@pytest.mark.usefixtures("ada")
def test_it_lets_others_in_meanwhile(app: Flask, visitor: Visitor, session: Session) -> None:
    create_user(session, "grace@example.com", PASSWORD)
    session.commit()
    for _ in range(11):
        visitor.log_in(password="wrong")
    assert visitor.log_in("grace@example.com").status_code == 303
    elsewhere = Visitor(app.test_client())
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert elsewhere.log_in().status_code == 303


@pytest.mark.usefixtures("ada")
def test_it_does_not_count_right_passwords_as_wrong(app: Flask, visitor: Visitor) -> None:
    for _ in range(9):
        visitor.log_in(password="wrong")
    for _ in range(5):
        assert Visitor(app.test_client()).log_in().status_code == 303
    assert visitor.log_in(password="wrong").status_code == 422
    assert visitor.log_in(password="wrong").status_code == 429


def test_it_allows_fifty_logins_from_one_address(app: Flask) -> None:
    answers = [Visitor(app.test_client()).log_in(f"user{number}@example.com").status_code for number in range(51)]
    assert answers == [422] * 50 + [429]


def test_it_does_not_limit_looking(visitor: Visitor) -> None:
    assert {visitor.get("/login").status_code for _ in range(60)} == {200}


def test_it_believes_a_proxy_only_if_told_to(settings: dict[str, str], request: pytest.FixtureRequest) -> None:
    visitor: Visitor = request.getfixturevalue("visitor")
    for number in range(10):
        visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = f"192.0.2.{number}"
        visitor.log_in(password="wrong")
    assert visitor.log_in(password="wrong").status_code == 429


def test_it_counts_by_the_visitors_address_behind_a_proxy(
    settings: dict[str, str], request: pytest.FixtureRequest
) -> None:
    settings["TRUSTED_PROXIES"] = "1"
    visitor: Visitor = request.getfixturevalue("visitor")
    for _ in range(10):
        visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = "198.51.100.1, 192.0.2.1"
        visitor.log_in(password="wrong")
    assert visitor.log_in(password="wrong").status_code == 429
    visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = "198.51.100.1, 192.0.2.2"
    assert visitor.log_in(password="wrong").status_code == 422

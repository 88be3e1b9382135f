"""How often one may try to log in."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.auth import accounts
from payapp.auth.accounts import create_user
from payapp.auth.limits import (
    LOGINS,
    SIGN_UPS,
    WINDOW_SECONDS,
    WRONG_PASSWORDS,
    Limit,
    TooOftenError,
    count_try,
    forget_old_counters,
    take_back,
)
from payapp.auth.models import RateCounter
from payapp.database.base import writing
from payapp.database.clock import utc_now
from payapp.extensions import db
from tests.people import PASSWORD, Visitor

one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def ada(session: Session) -> int:
    user = create_user(session, "ada@example.com", PASSWORD)
    session.commit()
    return user.id


def visit(app: Flask, address: str = "127.0.0.1") -> Visitor:
    """Return somebody with a browser of their own at this address."""
    visitor = Visitor(app.test_client())
    visitor.client.environ_base["REMOTE_ADDR"] = address
    return visitor


def guess(app: Flask, address: str, email: str = "ada@example.com") -> TestResponse:
    return visit(app, address).log_in(email, "wrong")


def seen_text(response: TestResponse) -> str:
    """Return the page without what is different every time."""
    return re.sub(r"[\w.-]{60,}", "token", response.text)


def let_the_window_end(session: Session) -> None:
    with writing():
        session.execute(update(RateCounter).values(window_ends_at=utc_now() - timedelta(seconds=1)))
        session.commit()


def test_the_limits_are_those_of_the_contract() -> None:
    assert (WRONG_PASSWORDS.tries_max, LOGINS.tries_max, SIGN_UPS.tries_max) == (10, 50, 300)
    assert WINDOW_SECONDS == 900


@pytest.mark.usefixtures("ada")
def test_it_allows_ten_wrong_passwords(visitor: Visitor) -> None:
    assert [visitor.log_in(password="wrong").status_code for _ in range(12)] == [422] * 10 + [429] * 2
    refused = visitor.log_in()  # the right one comes too late
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW_SECONDS
    assert "Too many tries" in refused.text


@pytest.mark.usefixtures("ada")
def test_it_allows_ten_from_whatever_addresses(app: Flask) -> None:
    answers = [guess(app, f"192.0.2.{number}").status_code for number in range(35)]
    assert answers == [422] * 10 + [429] * 25


@pytest.mark.usefixtures("ada")
def test_it_is_over_when_the_window_ends(visitor: Visitor, session: Session) -> None:
    for _ in range(11):
        visitor.log_in(password="wrong")
    let_the_window_end(session)
    assert visitor.log_in(password="wrong").status_code == 422
    assert visitor.log_in().status_code == 303


@one_engine
@pytest.mark.usefixtures("ada")
def test_it_counts_by_address_in_any_spelling(app: Flask) -> None:
    spellings = ["ada@example.com", "ADA@example.com", " Ada@Example.com "]
    answers = [guess(app, f"192.0.2.{number}", spellings[number % 3]).status_code for number in range(11)]
    assert answers == [422] * 10 + [429]


@one_engine
@pytest.mark.usefixtures("ada")
def test_it_answers_alike_for_unknown_addresses(app: Flask) -> None:
    for number in range(12):
        known = guess(app, f"192.0.2.{number}")
        unknown = guess(app, f"198.51.100.{number}", "nobody@example.com")
        assert known.status_code == unknown.status_code
    assert known.status_code == 429
    assert seen_text(known) == seen_text(unknown)


@one_engine
@pytest.mark.usefixtures("ada")
def test_it_does_not_verify_when_it_is_over(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(10):
        visitor.log_in(password="wrong")

    class Never(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            raise AssertionError("verified")

    monkeypatch.setattr(accounts, "hasher", Never())
    assert visitor.log_in().status_code == 429


@one_engine
@pytest.mark.usefixtures("ada")
def test_it_lets_others_in_meanwhile(visitor: Visitor, session: Session) -> None:
    create_user(session, "grace@example.com", PASSWORD)
    session.commit()
    for _ in range(11):
        visitor.log_in(password="wrong")
    assert visitor.log_in("grace@example.com").status_code == 303


@pytest.mark.usefixtures("ada")
def test_it_does_not_count_right_passwords_as_wrong(app: Flask, visitor: Visitor) -> None:
    for _ in range(9):
        visitor.log_in(password="wrong")
    for _ in range(5):
        assert visit(app).log_in().status_code == 303
    assert visitor.log_in(password="wrong").status_code == 422
    assert visitor.log_in(password="wrong").status_code == 429


def test_it_allows_fifty_logins_from_one_address(app: Flask) -> None:
    answers = [visit(app).log_in(f"user{number}@example.com").status_code for number in range(51)]
    assert answers == [422] * 50 + [429]
    assert guess(app, "192.0.2.7", "user51@example.com").status_code == 422


@one_engine
def test_one_ipv6_network_is_one_address(app: Flask) -> None:
    answers = [
        guess(app, f"2001:db8:1:2:{number:x}::1", f"user{number}@example.com").status_code for number in range(51)
    ]
    assert answers == [422] * 50 + [429]
    assert guess(app, "2001:db8:1:3::1", "user51@example.com").status_code == 422


@one_engine
@pytest.mark.parametrize("address", ["", "unix:", "::ffff:192.0.2.1", "fe80::1%eth0"])
def test_it_takes_addresses_of_all_kinds(app: Flask, address: str) -> None:
    assert guess(app, address).status_code == 422


@one_engine
def test_it_does_not_limit_looking(visitor: Visitor) -> None:
    assert {visitor.get("/login").status_code for _ in range(60)} == {200}


@one_engine
def test_it_limits_sign_ups_from_one_address(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payapp.auth.routes.SIGN_UPS", Limit("sign-ups", 3))
    answers = [visit(app).sign_up(f"user{number}@example.com") for number in range(4)]
    assert [answer.status_code for answer in answers] == [303] * 3 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert accounts.find_user(session, "user3@example.com") is None
    assert visit(app, "192.0.2.7").sign_up("user4@example.com").status_code == 303


class TestBrowsersThatAreKnown:
    def test_strangers_do_not_keep_the_owner_out(self, app: Flask, visitor: Visitor) -> None:
        visitor.sign_up()
        visitor.submit("/logout")
        for number in range(12):
            guess(app, f"192.0.2.{number}")
        for number in range(60):  # and the owner's own address is used up, too
            guess(app, "127.0.0.1", f"user{number}@example.com")
        assert visit(app).log_in().status_code == 429
        assert visitor.log_in().status_code == 303

    @one_engine
    def test_whoever_is_logged_in_stays_so(self, app: Flask, visitor: Visitor) -> None:
        visitor.sign_up()
        for _ in range(12):
            guess(app, "127.0.0.1")
        assert visitor.get("/dashboard/credits").status_code == 200

    @pytest.mark.usefixtures("ada")
    def test_a_stolen_cookie_allows_ten_wrong_passwords(self, app: Flask, visitor: Visitor) -> None:
        visitor.log_in()
        stolen = visitor.client.get_cookie("known_browser")
        assert stolen is not None
        answers = []
        for number in range(12):
            thief = visit(app, f"192.0.2.{number}")
            thief.client.set_cookie("known_browser", stolen.value)
            answers.append(thief.log_in(password="wrong").status_code)
        assert answers == [422] * 10 + [429] * 2
        assert visit(app).log_in().status_code == 303  # and locks nobody else out

    @one_engine
    @pytest.mark.usefixtures("ada")
    def test_they_are_known_to_their_own_account_only(self, app: Flask, visitor: Visitor) -> None:
        visitor.sign_up("eve@example.com")
        visitor.submit("/logout")
        answers = [visitor.log_in(password="wrong").status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]

    @one_engine
    def test_several_accounts_may_know_one_browser(self, app: Flask, visitor: Visitor) -> None:
        for email in ("ada@example.com", "grace@example.com"):
            visitor.sign_up(email)
            visitor.submit("/logout")
        for number in range(11):
            guess(app, f"192.0.2.{number}")
        assert visitor.log_in("ada@example.com").status_code == 303

    @one_engine
    @pytest.mark.usefixtures("ada")
    @pytest.mark.parametrize("value", ["", "x", "W10.x.y", "a" * 3000])
    def test_a_cookie_that_we_did_not_make_is_none(self, app: Flask, visitor: Visitor, value: str) -> None:
        visitor.client.set_cookie("known_browser", value)
        answers = [visitor.log_in(password="wrong").status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]

    @one_engine
    @pytest.mark.usefixtures("ada")
    def test_the_cookie_is_kept_a_year_and_from_scripts_and_other_sites(self, visitor: Visitor) -> None:
        visitor.log_in()
        cookie = visitor.client.get_cookie("known_browser")
        assert cookie is not None
        assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", 365 * 24 * 3600)

    @one_engine
    def test_one_that_a_former_key_signed_counts(self, app: Flask, visitor: Visitor) -> None:
        visitor.sign_up()
        visitor.submit("/logout")
        for number in range(11):
            guess(app, f"192.0.2.{number}")
        today = app.extensions["payapp_settings"]
        for former, status in ([today.secret_key], 303), ([], 429):
            app.extensions["payapp_settings"] = replace(today, secret_key="new", secret_key_fallbacks=former)
            newcomer = visit(app)
            cookie = visitor.client.get_cookie("known_browser")
            assert cookie is not None
            newcomer.client.set_cookie("known_browser", cookie.value)
            assert newcomer.log_in().status_code == status


@one_engine
def test_it_believes_a_proxy_only_if_told_to(settings: dict[str, str], request: pytest.FixtureRequest) -> None:
    visitor: Visitor = request.getfixturevalue("visitor")
    for number in range(50):
        visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = f"192.0.2.{number}"
        visitor.log_in(f"user{number}@example.com", "wrong")
    assert visitor.log_in(password="wrong").status_code == 429


@one_engine
def test_it_counts_by_the_visitors_address_behind_a_proxy(
    settings: dict[str, str], request: pytest.FixtureRequest
) -> None:
    settings["TRUSTED_PROXIES"] = "1"
    visitor: Visitor = request.getfixturevalue("visitor")
    for number in range(50):
        visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = "198.51.100.1, 192.0.2.1"
        visitor.log_in(f"user{number}@example.com", "wrong")
    assert visitor.log_in(password="wrong").status_code == 429
    visitor.client.environ_base["HTTP_X_FORWARDED_FOR"] = "198.51.100.1, 192.0.2.2"
    assert visitor.log_in(password="wrong").status_code == 422


def count(session: Session, tries: int, limit: Limit = WRONG_PASSWORDS, whose: str = "ada") -> int:
    """Try so often; return how often it was allowed."""
    refused = 0
    with writing():
        for _ in range(tries):
            try:
                count_try(session, limit, whose)
            except TooOftenError as error:
                refused += 0 < error.retry_after_seconds <= WINDOW_SECONDS
            session.commit()
    return tries - refused


def let_the_plan_look_for_each_row_again(session: Session) -> None:
    """Have PostgreSQL plan as it may for a few rows: it runs what stands in an IN once for each of them."""
    if session.get_bind().dialect.name == "postgresql":
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            session.execute(text(f"SET LOCAL enable_{way} = off"))


class TestCounting:
    def test_each_limit_and_each_name_counts_by_itself(self, session: Session) -> None:
        assert count(session, 12) == 10
        assert count(session, 12, whose="grace") == 10
        assert count(session, 60, LOGINS) == 50

    def test_a_try_that_is_refused_does_not_count(self, session: Session) -> None:
        assert count(session, 20) == 10
        with writing():
            take_back(session, WRONG_PASSWORDS, "ada")
            session.commit()
        assert count(session, 2) == 1

    def test_nothing_is_taken_back_that_was_not_counted(self, session: Session) -> None:
        with writing():
            take_back(session, WRONG_PASSWORDS, "ada")
            count_try(session, WRONG_PASSWORDS, "ada")
            for _ in range(3):
                take_back(session, WRONG_PASSWORDS, "ada")
            session.commit()
        assert count(session, 12) == 10

    def test_a_window_that_has_ended_begins_anew(self, session: Session) -> None:
        count(session, 12)
        let_the_window_end(session)
        assert count(session, 12) == 10

    def test_old_ones_are_forgotten_and_present_ones_kept(self, session: Session) -> None:
        for name in ("old", "older", "oldest"):
            count(session, 1, whose=name)
        let_the_window_end(session)
        count(session, 4)
        with writing():
            let_the_plan_look_for_each_row_again(session)
            assert [forget_old_counters(db.session(), batch=2) for _ in range(3)] == [2, 1, 0]
            session.commit()
        assert session.scalar(select(func.count()).select_from(RateCounter)) == 1
        assert count(session, 12) == 6

    def test_it_keeps_no_address(self, session: Session) -> None:
        count(session, 1, whose="ada@example.com")
        assert "ada" not in session.scalars(select(RateCounter.counter_key)).one()

"""@factor_required: in production, staff without a second factor in this login are led to set one up."""

from dataclasses import replace

import pytest
from flask import Flask
from flask_login import login_required
from sqlalchemy.orm import Session

from payapp.auth.factors.requiring import factor_required
from payapp.auth.login_sessions import forget_factor
from tests.auth.factor_owners import PAGE, later_code, make_owner, set_up_app, user_id_of
from tests.people import Visitor

one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def guarded(app: Flask) -> Flask:
    """The application in production, with a page that needs a second factor."""
    app.extensions["payapp_settings"] = replace(app.extensions["payapp_settings"], is_production=True)

    def show_desk() -> str:
        return "the desk"

    app.add_url_rule("/a-page-of-staff", "desk", login_required(factor_required(show_desk)), methods=["GET", "POST"])
    return app


@pytest.fixture
def visitor(guarded: Flask) -> Visitor:
    return Visitor(guarded.test_client())


def test_it_leads_to_where_a_factor_is_set_up(visitor: Visitor) -> None:
    visitor.sign_up()
    for answer in (visitor.get("/a-page-of-staff"), visitor.submit("/a-page-of-staff")):
        assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert "Set one up here first" in visitor.get(PAGE).text


def test_it_lets_in_who_has_shown_one_in_this_login(session: Session, visitor: Visitor) -> None:
    secret, _ = make_owner(session)
    visitor.log_in()
    assert visitor.get("/a-page-of-staff").headers["Location"].startswith("/login")  # half logged in is not logged in
    visitor.submit("/login/factor", code=later_code(session, secret))
    assert visitor.get("/a-page-of-staff").text == "the desk"


def test_it_lets_in_who_has_just_set_one_up_and_not_after_its_removal(visitor: Visitor) -> None:
    visitor.sign_up()
    set_up_app(visitor)
    assert visitor.get("/a-page-of-staff").status_code == 200
    visitor.submit(f"{PAGE}/app/remove")
    assert visitor.get("/a-page-of-staff").headers["Location"] == PAGE


@one_engine
def test_a_login_from_before_the_factor_has_to_begin_anew(guarded: Flask, session: Session, visitor: Visitor) -> None:
    visitor.sign_up()
    secret, _ = make_owner(session, "eve@example.com")
    eve = Visitor(guarded.test_client())
    eve.log_in("eve@example.com")
    eve.submit("/login/factor", code=later_code(session, secret, "eve@example.com"))
    forget_factor(session, user_id_of(session, "eve@example.com"))
    session.commit()
    assert eve.get("/a-page-of-staff").headers["Location"] == PAGE
    assert "Log out, and in again with it" in eve.get(PAGE).text


@one_engine
def test_it_tells_programs_and_htmx(visitor: Visitor) -> None:
    visitor.sign_up()
    answer = visitor.get("/a-page-of-staff", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "factor_required")
    answer = visitor.get("/a-page-of-staff", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (403, PAGE)


@one_engine
def test_in_development_nobody_needs_one(guarded: Flask, visitor: Visitor) -> None:
    guarded.extensions["payapp_settings"] = replace(guarded.extensions["payapp_settings"], is_production=False)
    visitor.sign_up()
    assert visitor.get("/a-page-of-staff").text == "the desk"


@one_engine
def test_a_stranger_is_asked_to_log_in(visitor: Visitor) -> None:
    assert visitor.get("/a-page-of-staff").headers["Location"].startswith("/login?next=")

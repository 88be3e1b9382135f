"""Login cookies: no answer that others may keep carries one or depends on one, nor has any that programs get."""

from collections.abc import Iterator

import pytest
from flask import Flask, Response, session
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from payapp.web.sessions import is_for_people
from tests.people import Visitor
from tests.test_architecture import access_of, address_of
from tests.web.test_pages import address_of as address_of_file

one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])
PROGRAMS = {"API keys", "signed by Stripe"}
BELOW = ("/assets/x/app.css", "/assets/x/y/z", "/api/v1/nothing", "/webhooks/nothing", "/static/app.css")


@pytest.fixture(params=["a stranger", "somebody logged in"])
def anybody(request: pytest.FixtureRequest, visitor: Visitor) -> FlaskClient:
    if request.param == "somebody logged in":
        assert visitor.sign_up().status_code == 303
    return visitor.client


def answers(app: Flask, client: FlaskClient) -> Iterator[tuple[str, TestResponse]]:
    """Yield every route's answer to each of its methods, and what is answered where there is no route."""
    with app.test_request_context():
        files = [address_of_file(app, name) for name in app.extensions["payapp_assets"]]
    routes = [(address_of(app, rule), rule.methods or set()) for rule in app.url_map.iter_rules()]
    routes += [(path, {"GET", "HEAD", "POST"}) for path in (*files, *BELOW)]
    for path, methods in routes:
        for method in sorted(methods - {"OPTIONS"}):
            if path != "/logout":
                yield path, client.open(path, method=method, headers={"If-None-Match": "*"})


def has_cookie(response: TestResponse) -> bool:
    return "Set-Cookie" in response.headers or "cookie" in str(response.headers.getlist("Vary")).lower()


@one_engine
def test_what_others_may_keep_has_no_cookie(app: Flask, anybody: FlaskClient) -> None:
    kept = 0
    for path, response in answers(app, anybody):
        caching = response.cache_control
        if caching.public or response.status_code == 304 or not is_for_people(path):
            assert not has_cookie(response), path
            kept += caching.public
        else:
            assert caching.no_store or caching.private, path
    assert kept >= 6  # each file by GET and HEAD


@one_engine
def test_doors_for_programs_have_none(app: Flask) -> None:
    doors = {address_of(app, rule) for rule in app.url_map.iter_rules() if access_of(app, rule) in PROGRAMS}
    doors |= {address_of(app, rule) for rule in app.url_map.iter_rules() if rule.endpoint.startswith("operations.")}
    assert [path for path in doors if is_for_people(path)] == []
    assert len(doors) > 8


@one_engine
def test_pages_for_people_have_one(app: Flask, anybody: FlaskClient) -> None:
    assert all(has_cookie(anybody.get(path)) for path in ("/", "/login", "/api/docs", "/nothing-here"))


@one_engine
def test_an_unchanged_balance_renews_no_cookie(visitor: Visitor) -> None:
    visitor.sign_up()
    first = visitor.get("/dashboard/credits/balance")
    again = visitor.get("/dashboard/credits/balance", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert (has_cookie(first), has_cookie(again)) == (True, False)


@one_engine
def test_a_public_answer_of_any_route_has_none(app: Flask, visitor: Visitor) -> None:
    """Even one that was not careful."""

    def show() -> Response:
        session["seen"] = "everything"
        response = Response("for everybody")
        response.cache_control.public = True
        return response

    app.add_url_rule("/careless", "careless", show)
    visitor.sign_up()
    assert not has_cookie(visitor.get("/careless"))


@one_engine
def test_an_error_below_the_files_knows_nobody(visitor: Visitor) -> None:
    visitor.sign_up()
    response = visitor.get("/assets/x/nothing.css")
    assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")
    assert "Page not found" in response.text
    assert "Log out" not in response.text
    assert "Sign up" not in response.text


@one_engine
def test_a_login_cookie_opens_nothing_for_programs(visitor: Visitor) -> None:
    visitor.sign_up()
    assert visitor.get("/api/v1/balance").status_code == 401

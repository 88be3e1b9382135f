"""Error pages, as people and as programs see them."""

import re

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.test import TestResponse

from payapp.extensions import db
from tests.people import Visitor

one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])
STATUSES = {
    400: "That did not work",
    401: "Please log in",
    403: "Not allowed",
    404: "Page not found",
    405: "That did not work",
    413: "That is too large",
    415: "That did not work",
    429: "Too many tries",
    503: "Not available right now",
}


@pytest.fixture(autouse=True)
def failing_routes(app: Flask) -> None:
    """Routes that fail in every way, and errors that are handled as on a server."""
    app.testing = False
    app.add_url_rule("/fail/<int:status>", "fail", lambda status: abort(status))
    app.add_url_rule("/crash", "crash", crash)
    app.add_url_rule("/busy", "busy", too_busy)


def crash() -> str:
    raise ZeroDivisionError("a secret detail")


def too_busy() -> str:
    raise PoolTimeoutError("QueuePool limit reached")


def problem_of(response: TestResponse) -> dict[str, object]:
    assert response.mimetype == "application/problem+json"
    problem: dict[str, object] = response.get_json()
    assert problem["status"] == response.status_code
    assert problem["type"] == "about:blank"
    return problem


@one_engine
@pytest.mark.parametrize(("status", "title"), STATUSES.items())
def test_people_get_a_page_with_a_way_out(client: FlaskClient, status: int, title: str) -> None:
    response = client.get(f"/fail/{status}")
    assert (response.status_code, response.mimetype) == (status, "text/html")
    assert f'<h1 id="title">{title}</h1>' in response.text
    assert 'href="/">Back to the start</a>' in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@one_engine
@pytest.mark.parametrize(("status", "title"), STATUSES.items())
@pytest.mark.parametrize(
    "accept", ["application/json", "application/problem+json", "application/json, text/html;q=0.5"]
)
def test_programs_get_a_problem(client: FlaskClient, status: int, title: str, accept: str) -> None:
    problem = problem_of(client.get(f"/fail/{status}", headers={"Accept": accept}))
    assert (problem["title"], problem["code"]) == (title, f"http_{status}")


@one_engine
@pytest.mark.parametrize("accept", [None, "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "image/png", "nonsense"])
def test_who_does_not_ask_for_json_gets_a_page(client: FlaskClient, accept: str | None) -> None:
    response = client.get("/fail/404", headers={"Accept": accept} if accept else {})
    assert (response.status_code, response.mimetype) == (404, "text/html")


def test_a_logged_in_person_is_led_back_to_credits(visitor: Visitor) -> None:
    visitor.sign_up()
    assert 'href="/dashboard/credits">Back to credits</a>' in visitor.get("/fail/404").text


@one_engine
def test_headers_of_the_error_are_kept(client: FlaskClient) -> None:
    assert client.get("/logout").headers["Allow"] in ("OPTIONS, POST", "POST, OPTIONS")
    assert MethodNotAllowed.code == client.get("/logout").status_code
    assert client.get("/logout", headers={"Accept": "application/json"}).headers["Allow"]


@one_engine
def test_a_crash_tells_nothing_but_a_reference(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    response = client.get("/crash")
    assert (response.status_code, response.mimetype) == (500, "text/html")
    assert "ZeroDivisionError" not in response.text
    assert "a secret detail" not in response.text
    reference = re.search(r"<code>(\w{12})</code>", response.text)
    assert reference is not None
    assert f"that was error {reference[1]} at /crash" in caplog.text
    assert "a secret detail" in caplog.text  # operators need it


@one_engine
def test_a_crash_is_a_problem_for_programs(client: FlaskClient) -> None:
    problem = problem_of(client.get("/crash", headers={"Accept": "application/json"}))
    assert problem["code"] == "internal_error"
    assert "a secret detail" not in str(problem)


def test_a_crash_asks_nothing_of_the_database(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor.sign_up()

    def refuse(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(db.session, "get", refuse)
    assert visitor.get("/crash").status_code == 500


@one_engine
def test_a_pool_that_is_exhausted_is_not_a_crash(client: FlaskClient) -> None:
    assert client.get("/busy").status_code == 503


@one_engine
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:99999999", "loc alhost", "[::1"])
def test_a_host_that_is_not_ours_is_refused(client: FlaskClient, host: str) -> None:
    assert client.get("/login", headers={"Host": host}).status_code == 400
    problem = problem_of(client.get("/login", headers={"Host": host, "Accept": "application/json"}))
    assert problem["code"] == "http_400"


class TestDatabaseDown:
    """Nobody listens where the database should be, or the file is nowhere."""

    @pytest.fixture
    def database_url(self, engine_name: str) -> str:
        return {"sqlite": "sqlite:////nowhere/payapp.db", "postgresql": "postgresql://nobody@127.0.0.1:9/nothing"}[
            engine_name
        ]

    @pytest.fixture
    def known(self, client: FlaskClient) -> FlaskClient:
        """A browser that was logged in when the database still answered."""
        with client.session_transaction() as session:
            session["_user_id"] = "1"
        return client

    @pytest.mark.parametrize(
        "path", ["/dashboard/credits", "/features/qr-codes", "/", "/login", "/nothing-here", "/fail/403"]
    )
    def test_pages_say_so(self, known: FlaskClient, path: str) -> None:
        response = known.get(path)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
        assert "Something we depend on is down. Nothing was lost" in response.text

    def test_programs_get_a_problem(self, known: FlaskClient) -> None:
        problem = problem_of(known.get("/dashboard/credits", headers={"Accept": "application/json"}))
        assert problem["code"] == "database_unavailable"

    def test_forms_say_so(self, client: FlaskClient) -> None:
        visitor = Visitor(client)
        assert visitor.log_in().status_code == 503
        assert visitor.sign_up().status_code == 503

    def test_a_missing_token_of_a_known_browser_says_so_too(self, known: FlaskClient) -> None:
        assert known.post("/api/credits/checkout", json={"packageId": "growth"}).status_code == 503

    def test_what_needs_no_database_works(self, client: FlaskClient) -> None:
        assert client.get("/").status_code == 200
        assert client.get("/login").status_code == 200
        assert client.get("/nothing-here").status_code == 404
        assert client.get("/healthz").status_code == 200

"""One host for people: they are led to APP_BASE_URL before they log in, and are known when they come back."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from payapp import create_app
from tests.people import PASSWORD

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])

OTHER = {"Host": "www.shop.example"}


@pytest.fixture
def settings(settings: dict[str, str]) -> dict[str, str]:
    return settings | {"APP_BASE_URL": "https://shop.example", "TRUSTED_HOSTS": "shop.example,.shop.example"}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that keeps nothing: each of its requests is the first."""
    return app.test_client(use_cookies=False)


@pytest.fixture
def local(app: Flask, settings: dict[str, str]) -> FlaskClient:
    """Somebody on the machine that payapp runs on, where all is as it comes."""
    here = {"APP_BASE_URL": "http://localhost:8000", "TRUSTED_HOSTS": ""}
    return create_app({**settings, **here}).test_client()


@pytest.mark.parametrize(
    "path",
    ["/", "/login?next=%2Fdashboard%2Fcredits", "/signup", "/dashboard/credits", "/nowhere", "/a%20b%3Fc%C3%A4?d=1"],
)
def test_a_page_under_another_name_leads_home(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=OTHER)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"https://shop.example{path}")
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.head(path, headers=OTHER).status_code == 302


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/%0d%0aSet-Cookie:%20a=b", "/\\evil.example", "/?next=//evil.example"]
)
def test_it_never_leads_elsewhere(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=OTHER)
    assert answer.headers["Location"].startswith("https://shop.example/")
    assert len(answer.headers.get_all("Set-Cookie")) == 1


@pytest.mark.parametrize("path", ["/api/v1/balance", "/webhooks/stripe", "/healthz", "/readyz", "/assets/x/app.css"])
def test_programs_are_answered_where_they_ask(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers=OTHER).status_code != 302


def test_what_is_sent_and_what_htmx_fetches_is_answered_too(client: FlaskClient) -> None:
    assert client.post("/login", headers=OTHER).status_code != 302
    assert client.get("/login", headers={**OTHER, "HX-Request": "true"}).status_code == 200


def test_at_home_nobody_is_led(client: FlaskClient) -> None:
    for host in ("shop.example", "shop.example:8443"):
        assert client.get("/login", headers={"Host": host}).status_code == 200, host


def test_behind_a_proxy_that_hides_the_name_it_ends_after_one_turn(client: FlaskClient) -> None:
    cookie = client.get("/login", headers=OTHER).headers["Set-Cookie"]
    assert "Max-Age=5" in cookie
    assert client.get("/login", headers={**OTHER, "Cookie": cookie.split(";")[0]}).status_code == 200


@pytest.mark.parametrize("port", [8000, 5000])
def test_on_the_own_machine_the_port_stays(local: FlaskClient, port: int) -> None:
    answer = local.get("/signup", headers={"Host": f"127.0.0.1:{port}"})
    assert answer.headers["Location"] == f"http://localhost:{port}/signup"
    assert local.get("/signup", headers={"Host": f"localhost:{port}"}).status_code == 200


def test_who_begins_elsewhere_is_known_on_the_way_back(local: FlaskClient) -> None:
    page = local.get(local.get("http://127.0.0.1:8000/signup").headers["Location"])
    token = page.text.split('name="csrf-token" content="')[1].split('"')[0]
    form = {"csrf_token": token, "email": "kim@example.com", "password": PASSWORD}
    assert local.post("http://localhost:8000/signup", data=form).status_code == 303
    back = local.get("http://localhost:8000/dashboard/credits?success=true&session_id=cs_test_1")
    assert back.status_code == 200

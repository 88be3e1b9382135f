"""Cookies: with HTTPS nobody but this very host can set them; and what they say is signed by SHA-256."""

from base64 import urlsafe_b64decode

import pytest
from flask.testing import FlaskClient

from payapp.web.cookies import name_cookie
from tests.people import PASSWORD

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


@pytest.fixture
def settings(settings: dict[str, str]) -> dict[str, str]:
    return settings | {"APP_BASE_URL": "https://localhost", "TRUSTED_HOSTS": "localhost,.localhost"}


def sign_up(client: FlaskClient) -> list[str]:
    """Return the cookies that are set on the way in."""
    page = client.get("/signup", base_url="https://localhost")
    token = page.text.partition('name="csrf-token" content="')[2].partition('"')[0]
    data = {"email": "ada@example.com", "password": PASSWORD, "csrf_token": token}
    answer = client.post("/signup", data=data, base_url="https://localhost", headers={"Referer": "https://localhost/"})
    assert answer.status_code == 303
    return [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]


def test_each_is_bound_to_the_host_and_to_https(client: FlaskClient) -> None:
    cookies = sign_up(client)
    cookies += client.get("/", base_url="https://www.localhost").headers.getlist("Set-Cookie")  # it leads home
    assert {cookie.partition("=")[0] for cookie in cookies} == {
        "__Host-session",
        "__Host-known_browser",
        "__Host-payapp_led",
    }
    for cookie in cookies:
        attributes = {part.strip() for part in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes, cookie
        assert "Domain" not in cookie
        assert len(cookie) < 4096


def test_they_are_signed_by_sha256(client: FlaskClient) -> None:
    cookies = [cookie for cookie in sign_up(client) if "session=" in cookie or "known_browser=" in cookie]
    assert len(cookies) >= 3
    for cookie in cookies:
        signature = cookie.partition(";")[0].rpartition(".")[2]
        assert len(urlsafe_b64decode(signature + "==")) == 32


def test_without_https_they_have_their_plain_names(engine_name: str) -> None:
    assert name_cookie("session", is_secure=False) == "session"

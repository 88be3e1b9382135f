"""What every page shares: asset addresses, security headers, filters."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from flask import Flask, session
from flask.testing import FlaskClient

from payapp.config import PROJECT_ROOT
from payapp.web import pages

TEMPLATES = sorted((PROJECT_ROOT / "payapp" / "templates").rglob("*.html"))

# django-htmx 1.29.0 carries htmx 2.0.10, byte for byte the file of the npm package htmx.org.
HTMX_SHA256 = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"


@pytest.fixture
def bare_app() -> Flask:
    """The pages without the rest: enough for files and headers, and no database."""
    app = Flask("payapp")
    app.secret_key = "a key for tests only"
    app.config["CHECKOUT_ORIGINS"] = ["https://checkout.stripe.com", "http://localhost:8420"]
    pages.init_app(app)
    app.add_url_rule("/log-in", "log_in", view_func=lambda: session.setdefault("_user_id", "1"))
    app.add_url_rule("/plain", "plain", view_func=lambda: "plain")
    return app


@pytest.fixture
def bare_client(bare_app: Flask) -> FlaskClient:
    return bare_app.test_client()


def address_of(app: Flask, name: str) -> str:
    with app.test_request_context():
        return str(app.jinja_env.globals["asset"](name))  # type: ignore[operator]


def test_a_file_is_served_for_a_year(bare_app: Flask, bare_client: FlaskClient) -> None:
    response = bare_client.get(address_of(bare_app, "app.css"))
    assert response.status_code == 200
    assert response.mimetype == "text/css"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.data == (PROJECT_ROOT / "payapp/static/app.css").read_bytes()


def test_a_file_is_packed_for_browsers_that_unpack(bare_app: Flask, bare_client: FlaskClient) -> None:
    response = bare_client.get(address_of(bare_app, "app.js"), headers={"Accept-Encoding": "gzip, br"})
    assert response.content_encoding == "gzip"
    assert "Accept-Encoding" in response.vary
    assert gzip.decompress(response.data) == (PROJECT_ROOT / "payapp/static/app.js").read_bytes()


def test_an_address_changes_with_the_content(bare_app: Flask, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static/app.css").write_text("body { color: red }")
    other = Flask("payapp", root_path=str(tmp_path))
    pages.init_app(other)
    assert address_of(other, "app.css") != address_of(bare_app, "app.css")


@pytest.mark.parametrize(
    "path", ["/assets/0000000000000000/app.css", "/assets/x/nothing.js", "/assets/x/..%2fpages.py"]
)
def test_an_address_without_its_file_is_not_found(bare_client: FlaskClient, path: str) -> None:
    assert bare_client.get(path).status_code == 404


def test_htmx_is_the_file_that_was_reviewed() -> None:
    assert hashlib.sha256((PROJECT_ROOT / pages.HTMX_PATH).read_bytes()).hexdigest() == HTMX_SHA256


def test_pages_work_without_htmx(bare_app: Flask, tmp_path: Path) -> None:
    (tmp_path / "payapp/static").mkdir(parents=True)
    other = Flask("payapp", root_path=str(tmp_path / "payapp"))
    pages.init_app(other)
    assert other.jinja_env.globals["has_htmx"] is False
    assert bare_app.jinja_env.globals["has_htmx"] is True


def test_scripts_and_styles_stay_small(bare_app: Flask) -> None:
    packed = {name: len(asset.packed) for name, asset in bare_app.extensions["payapp_assets"].items()}
    assert packed["htmx.js"] + packed["app.js"] <= 19 * 1024
    assert packed["app.css"] <= 12 * 1024


def test_the_policy_allows_only_our_own_and_the_checkout(bare_client: FlaskClient) -> None:
    policy = bare_client.get("/plain").headers["Content-Security-Policy"]
    directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
    assert directives.pop("default-src") == "'none'"
    assert directives.pop("form-action") == "'self' https://checkout.stripe.com http://localhost:8420"
    assert directives.pop("base-uri") == directives.pop("frame-ancestors") == "'none'"
    assert set(directives.values()) == {"'self'"}


def test_every_answer_carries_the_headers(bare_client: FlaskClient) -> None:
    for path in ("/plain", "/nothing-here"):
        headers = bare_client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize(("is_secure", "expected"), [(True, "max-age=31536000"), (False, None)])
def test_https_is_pinned_only_where_there_is_https(bare_app: Flask, is_secure: bool, expected: str | None) -> None:
    bare_app.config["SESSION_COOKIE_SECURE"] = is_secure
    assert bare_app.test_client().get("/plain").headers.get("Strict-Transport-Security") == expected


def test_pages_of_a_logged_in_person_are_not_kept(bare_app: Flask, bare_client: FlaskClient) -> None:
    assert bare_client.get("/plain").headers["Cache-Control"] == "private, no-cache"
    bare_client.get("/log-in")
    assert bare_client.get("/plain").headers["Cache-Control"] == "no-store"
    assert "immutable" in bare_client.get(address_of(bare_app, "app.css")).headers["Cache-Control"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_no_template_needs_what_the_policy_forbids(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|\"js:|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_every_form_that_changes_something_carries_the_token(template: Path) -> None:
    for form in re.findall(r"<form.*?</form>", template.read_text(), re.DOTALL):
        if 'method="get"' in form:
            continue  # it only asks for a page
        assert "csrf_token" in form or "auth/_form.html" in form
        assert 'method="post"' in form

"""What holds for the answer of every route, to people and to programs, whatever it is about."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.source_rules import PROJECT_ROOT
from tests.web.access_table import ROUTES
from tests.web.callers import World

pytestmark = pytest.mark.parametrize("shared_app", ["sqlite"], indirect=True)
ORIGIN = {"Origin": "https://evil.example"}


@pytest.fixture(scope="module")
def answers(shared_app: Flask) -> list[tuple[str, TestResponse]]:
    """Those of every page, and of what is refused, to a stranger, a user and a program; asked for by another site."""
    world = World(shared_app)
    return list(ask_for_everything(world))


def ask_for_everything(world: World) -> Iterator[tuple[str, TestResponse]]:
    for row in ROUTES:
        for caller in ("anonymous", "user", "spend key"):
            headers = world.known(caller) | ORIGIN
            address = world.address(row.endpoint, caller)
            yield row.name, world.client.open(address, method=row.method, headers=headers)
    for path in ("/nothing", "/api/v1/nothing", "/assets/x/nothing.css", "/webhooks/nothing"):
        yield path, world.client.get(path, headers=ORIGIN)


def test_every_body_says_what_it_is(answers: list[tuple[str, TestResponse]]) -> None:
    for name, answer in answers:
        kind = answer.headers.get("Content-Type", "")
        assert kind or not answer.data, name
        if kind.startswith("text/") or "+xml" in kind:
            assert "charset=utf-8" in kind, name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name


def test_no_answer_is_for_other_origins(answers: list[tuple[str, TestResponse]]) -> None:
    for name, answer in answers:
        assert [header for header in dict(answer.headers) if header.startswith("Access-Control")] == [], name


def test_every_page_forbids_frames_and_strange_scripts(answers: list[tuple[str, TestResponse]]) -> None:
    pages = [(name, answer) for name, answer in answers if answer.mimetype == "text/html"]
    for name, answer in pages:
        policy = answer.headers.get("Content-Security-Policy", "none")
        assert "frame-ancestors 'none'" in policy, (name, answer.status_code)
        assert "default-src 'none'" in policy, name
        assert "unsafe" not in policy, name
    assert len(pages) > 40


def test_files_of_the_project_are_not_served(shared_app: Flask) -> None:
    client: FlaskClient = shared_app.test_client()
    names = [path.name for path in PROJECT_ROOT.iterdir()] + [".git/config", ".git/HEAD", "payapp/config.py", ".env"]
    folders = ("", "assets/", "assets/x/", "static/", "assets/../", "assets/x/../../")
    for path in [folder + name for folder in folders for name in names] + list(folders[1:]):
        assert client.get(f"/{path}").status_code == 404, path

"""The OpenAPI document: what it says is so, and every refusal in it can be reached."""

import json
import re
from typing import Any

import pytest
import schemathesis
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from payapp.api import idempotency
from payapp.database.base import normalize_url
from payapp.web.problem_kinds import PROBLEMS
from tests.api.conftest import Program, code_of
from tests.ledger.racing import engine_for
from tests.source_rules import PROJECT_ROOT

ANY_ENGINE = pytest.mark.parametrize("engine_name", ["sqlite"])  # these ask nothing about the database


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get("/api/v1/openapi.json")
    assert answer.mimetype == "application/json"
    found: dict[str, Any] = answer.get_json()
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in ("get", "post")
    }


@ANY_ENGINE
def test_everybody_gets_the_same(app: Flask, document: dict[str, Any]) -> None:
    def show_page() -> str:
        return app.test_client().get("/api/docs").text.partition("<main")[2]  # each visitor's token stands above

    page = show_page()
    for _ in range(2):
        assert show_page() == page
        assert app.test_client().get("/api/v1/openapi.json").get_json() == document
    assert "May be refused with 400, 401, 402" in page
    assert "402" in operations(document)["create_spend"]["responses"]


@ANY_ENGINE
def test_it_is_valid(document: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(document).validate()
    for operation in operations(document).values():
        parameters = [(each["in"], each["name"]) for each in operation.get("parameters", [])]
        assert len(parameters) == len(set(parameters))  # no schema can say so


@ANY_ENGINE
def test_it_describes_every_route_of_the_api(app: Flask, document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    routes = {
        rule.endpoint.removeprefix("api.") for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")
    }
    assert set(operations(document)) == routes
    assert all(operation["summary"] for operation in operations(document).values())


@ANY_ENGINE
def test_every_post_names_its_key(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        headers = [each["name"] for each in operation.get("parameters", []) if each["in"] == "header"]
        assert headers == ([] if name.startswith(("show", "list")) else ["Idempotency-Key"])


@ANY_ENGINE
def test_every_code_belongs_to_an_operation(document: dict[str, Any]) -> None:
    said = json.dumps(document["paths"])
    elsewhere = {"not_found", "method_not_allowed"}  # of addresses and methods that are none of ours
    assert {code for code in PROBLEMS if f"`{code}`" not in said} == elsewhere


def test_every_code_has_a_test_and_stands_in_the_docs() -> None:
    tests = "".join(path.read_text() for path in (PROJECT_ROOT / "tests" / "api").glob("test_*.py"))
    docs = (PROJECT_ROOT / "docs" / "api.md").read_text()
    assert {code for code in PROBLEMS if not re.search(rf'\(({PROBLEMS[code].status}), "{code}"\)', tests)} == set()
    assert {code for code in PROBLEMS if f"| `{code}` | {PROBLEMS[code].status} |" not in docs} == set()


@ANY_ENGINE
def test_amounts_are_described_as_they_are_checked(document: dict[str, Any]) -> None:
    for name in ("SpendBody", "HoldBody"):
        schema = document["components"]["schemas"][name]
        amount = schema["properties"]["amount"]
        assert (amount["type"], amount["minimum"], amount["maximum"]) == ("integer", 1, 1_000_000_000)
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == {"amount", "feature"}


def test_answers_have_the_fields_that_are_described(document: dict[str, Any], program: Program) -> None:
    hold = program.hold(5).get_json()
    captured = program.post(f"/holds/{hold['id']}/capture").get_json()
    answers = {
        "Balance": program.get("/balance").get_json(),
        "Entry": captured,
        "Hold": hold,
        "Entries": program.get("/entries").get_json(),
        "Holds": program.get("/holds").get_json(),
        "Problem": program.spend(10_000).get_json(),
    }
    for name, answer in answers.items():
        schema = document["components"]["schemas"][name]
        assert set(answer) <= set(schema["properties"]), name
        assert set(answer) >= set(schema["required"]), name


@ANY_ENGINE
def test_the_page_about_it_shows_every_operation_and_code(app: Flask) -> None:
    page = app.test_client().get("/api/docs")
    assert page.status_code == 200
    assert all(f"<code>{code}</code>" in page.text for code in PROBLEMS)
    assert page.text.count("/api/v1/") > 7
    assert "http://cdn" not in page.text
    assert "`" not in page.text.partition("<main")[2]


def test_what_can_not_be_read_is_a_bad_request(program: Program) -> None:
    assert code_of(program.get("/balance", user="a\0b")) == (400, "bad_request")


@pytest.mark.parametrize("engine_name", ["postgresql"])  # SQLite has one writer at a time; it answers 503
def test_a_twin_that_takes_long_is_told_of(
    program: Program, session: Session, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_MILLISECONDS", 200)
    idempotency._build_insert.cache_clear()
    insert = """INSERT INTO api_requests (user_id, maker, idempotency_key, operation, body_hash, created_at)
                VALUES (:user_id, 'user', 'twin', 'create_spend', 'x', now())"""
    with engine_for(normalize_url(database_url)) as engine, engine.connect() as twin:
        twin.execute(text(insert), {"user_id": program.user_id})
        answer = program.spend(5, key="twin")
        assert code_of(answer) == (409, "request_in_progress")
        assert answer.headers["Retry-After"] == "1"
        assert program.spend(5, key="another").status_code == 201
        twin.rollback()
    assert program.spend(5, key="twin").status_code == 201
    assert program.balance() == (90, 0, 90)
    idempotency._build_insert.cache_clear()

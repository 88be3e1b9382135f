"""Who may use the API: keys in the Authorization header, and nobody else."""

import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.api import authentication, count, request_counts
from payapp.auth.api_keys import create_api_key, revoke_by_prefix
from payapp.auth.api_keys.models import ApiKey
from payapp.database.clock import utc_now
from payapp.web.problem_kinds import PROBLEMS
from tests.api.conftest import MakeProgram, Program, code_of
from tests.people import Visitor, give_credits
from tests.webhooks.test_database_down import Outage, outage  # noqa: F401


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "api_key_missing"),
        ("", "api_key_missing"),
        ("Basic dXNlcjpwYXNz", "api_key_missing"),
        ("Bearer", "api_key_invalid"),
        ("Bearer ", "api_key_invalid"),
        ("Bearer payapp_0123456789_" + "0" * 64, "api_key_invalid"),
        ("Bearer é", "api_key_invalid"),
        ("Bearer " + "x" * 5000, "api_key_invalid"),
    ],
)
def test_it_wants_a_key(app: Flask, header: str | None, code: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = app.test_client().get("/api/v1/balance", headers=headers)
    assert code_of(answer) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="payapp"')


def test_the_scheme_is_written_in_any_case(program: Program) -> None:
    headers = {"Authorization": f"bEaReR {program.secret}"}
    assert program.client.get("/api/v1/balance", headers=headers).status_code == 200


def test_a_login_does_not_open_it(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 10)
    assert code_of(visitor.get("/api/v1/balance")) == (401, "api_key_missing")
    assert code_of(visitor.submit("/api/v1/spends", amount="1", feature="x")) == (401, "api_key_missing")


def test_a_key_decides_though_somebody_else_is_logged_in(visitor: Visitor, session: Session, program: Program) -> None:
    give_credits(visitor, session, 10)
    program.client = visitor.client
    assert program.balance() == (100, 0, 100)


def test_a_revoked_key_opens_nothing_from_the_next_request_on(program: Program, session: Session) -> None:
    assert program.get("/balance").status_code == 200
    revoke_by_prefix(session, program.secret.rpartition("_")[0])
    session.commit()
    assert code_of(program.get("/balance")) == (401, "api_key_invalid")
    assert code_of(program.spend()) == (401, "api_key_invalid")


@pytest.mark.parametrize("path", ["/spends", "/holds", "/holds/1/capture", "/holds/1/release"])
def test_a_key_that_may_only_read_changes_nothing(make_program: MakeProgram, path: str) -> None:
    reader = make_program("read")
    answer = reader.post(path, {"amount": 1, "feature": "x"})
    assert code_of(answer) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert reader.balance() == (100, 0, 100)


def test_its_use_is_noted(program: Program, session: Session) -> None:
    before = utc_now() - timedelta(seconds=1)
    program.get("/balance")
    used_at = session.scalars(select(ApiKey.last_used_at)).one()
    assert used_at is not None
    assert used_at >= before
    program.spend()
    session.rollback()
    assert session.scalars(select(ApiKey.last_used_at)).one() == used_at


@pytest.mark.parametrize("scope", ["spend", "service"])
def test_requests_are_counted_for_each_key(
    make_program: MakeProgram, session: Session, monkeypatch: pytest.MonkeyPatch, scope: str
) -> None:
    of_a_service = "REQUESTS_OF_A_SERVICE_A_MINUTE"
    monkeypatch.setattr(authentication, of_a_service if scope == "service" else "REQUESTS_A_MINUTE", 3)
    now = time.time() // 60 * 60 + 30
    for module in (count, request_counts):
        monkeypatch.setattr(module, "time", lambda: now)  # no minute ends meanwhile
    program = make_program(scope)
    left = [program.get("/entries", user=7).headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    answer = program.get("/balance")
    assert code_of(answer) == (429, "rate_limited")
    assert answer.headers["X-RateLimit-Limit"] == "3"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    other = create_api_key(session, program.user_id, "other", scope).secret  # type: ignore[arg-type]
    program.secret = other
    assert program.get("/balance").status_code in (200, 422)


def test_an_unknown_address_is_a_problem_too(app: Flask, program: Program) -> None:
    headers = {"Accept": "text/html"}
    unknown = app.test_client().get("/api/v1/nothing", headers=headers)
    assert code_of(unknown) == (404, "not_found")
    assert unknown.get_json()["detail"] == PROBLEMS["not_found"].sentence
    wrong = program.client.put("/api/v1/balance", headers=headers)
    assert code_of(wrong) == (405, "method_not_allowed")
    assert wrong.get_json()["detail"] == PROBLEMS["method_not_allowed"].sentence
    assert "GET" in wrong.headers["Allow"]


def test_an_unknown_host_is_told_as_to_a_program(app: Flask) -> None:
    app.config["TRUSTED_HOSTS"] = ["credits.example.com"]
    answer = app.test_client().get("/api/v1/balance", headers={"Host": "elsewhere.example.com"})
    assert code_of(answer) == (400, "bad_request")
    assert answer.get_json()["detail"] == PROBLEMS["bad_request"].sentence


def test_without_a_database_it_is_not_available(
    outage: Outage,  # noqa: F811
    program: Program,
    session: Session,
) -> None:
    assert program.spend(key="again").status_code == 201
    session.close()  # the test's own connection would break too
    with outage():
        answer = program.spend(key="another")
        assert code_of(answer) == (503, "database_unavailable")
        assert answer.get_json()["detail"] == PROBLEMS["database_unavailable"].sentence
        assert int(answer.headers["Retry-After"]) > 0
        assert "Idempotency-Replayed" not in answer.headers
    assert program.spend(key="another").status_code == 201
    assert program.balance() == (98, 0, 98)

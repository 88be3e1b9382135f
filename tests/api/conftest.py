"""Programs that use the API: each has a key."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.auth.api_keys import create_api_key
from payapp.web.problem_kinds import PROBLEMS
from tests.factories import make_user

_numbers = count(1)


@dataclass
class Program:
    """A program with a key. `post` sends a fresh Idempotency-Key unless it is told one; None sends none."""

    client: FlaskClient
    secret: str
    user_id: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(f"/api/v1{path}", query_string=query, headers=self._headers(), buffered=True)

    def post(self, path: str, body: Any = None, *, key: str | None = "", **options: Any) -> TestResponse:
        headers = self._headers() | ({} if key is None else {"Idempotency-Key": key or f"test-{next(_numbers)}"})
        content = {"json": body} if body is not None else {}
        return self.client.post(f"/api/v1{path}", headers=headers, buffered=True, **content, **options)

    def send(self, path: str, text: str | bytes) -> TestResponse:
        """Send a body as it is, as JSON."""
        return self.post(path, data=text, content_type="application/json")

    def spend(self, amount: Any = 1, *, key: str | None = "", **fields: Any) -> TestResponse:
        return self.post("/spends", {"amount": amount, "feature": "test", **fields}, key=key)

    def hold(self, amount: Any = 1, *, key: str | None = "", **fields: Any) -> TestResponse:
        return self.post("/holds", {"amount": amount, "feature": "test", **fields}, key=key)

    def balance(self, **query: Any) -> tuple[int, int, int]:
        found = self.get("/balance", **query).json
        assert found is not None
        return found["posted"], found["held"], found["available"]

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}", **self.headers}


MakeProgram = Callable[..., Program]


@pytest.fixture
def make_program(app: Flask, session: Session) -> MakeProgram:
    """Return a program with a key of a new user, or of `user_id`; a service key belongs to nobody."""

    def make(scope: str = "spend", *, credits: int = 100, user_id: int | None = None, name: str = "test") -> Program:
        if scope != "service" and user_id is None:
            user_id = make_user(session, credits=credits).id
        secret = create_api_key(session, user_id, name, scope).secret  # type: ignore[arg-type]
        session.commit()
        return Program(app.test_client(), secret, user_id)

    return make


@pytest.fixture
def program(make_program: MakeProgram) -> Program:
    """A program that may spend 100 credits."""
    return make_program()


def code_of(response: TestResponse) -> tuple[int, str]:
    """Return the status and the code of a problem document, after looking at its form."""
    assert response.mimetype == "application/problem+json", response.text
    problem = response.get_json()
    assert problem["status"] == response.status_code
    assert problem.keys() >= {"type", "detail"}
    assert problem["title"] == PROBLEMS[problem["code"]].title
    return response.status_code, problem["code"]

"""Running the operator's commands, as `flask <noun> <verb>` does, in this process."""

from collections.abc import Callable
from contextvars import Context

import pytest
from click.testing import Result
from flask import Flask, has_app_context

from payapp.extensions import db

RunCommand = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> RunCommand:
    """Run a command in a context of its own, and return its exit code and what it printed."""

    def run(*arguments: str) -> Result:
        if has_app_context():
            db.session.rollback()
        result: Result = Context().run(app.test_cli_runner().invoke, args=list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run

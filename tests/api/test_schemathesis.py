"""schemathesis makes requests of all kinds from the OpenAPI document, with all of its checks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from payapp.ledger.posting import MAX_AMOUNT, grant
from payapp.ledger.verification import verify
from tests.api.test_races import books, open_account  # noqa: F401
from tests.databases import ENGINES
from tests.effort import pick
from tests.processes import PROJECT_ROOT, Stack

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", pick("5", "100"))  # of each operation
GRANTS = 500  # so much that no request asks for more than is there


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("stack", pick(ENGINES[1:], ENGINES), indirect=True)  # the inputs do not differ
def test_it_finds_nothing(stack: Stack, books: Session, tmp_path: Path) -> None:  # noqa: F811
    user_id, headers = open_account(books, MAX_AMOUNT)
    for number in range(GRANTS):
        grant(books, user_id, MAX_AMOUNT, idempotency_key=f"schemathesis:{number}")
    books.commit()
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{stack.url}/api/v1/openapi.json"]
    options = ["--checks=all", f"--max-examples={EXAMPLES}", "--no-color", "--generation-database=none", "--seed=1"]
    key = ["-H", f"Authorization: {headers['Authorization']}"]
    done = subprocess.run(
        [*command, *options, *key],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tested: 8" in done.stdout, done.stdout
    assert verify(books) == []

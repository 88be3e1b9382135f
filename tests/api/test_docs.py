"""docs/api.md: its curl lines, run as they stand there against the real application."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from payapp.auth.api_keys import create_api_key
from tests.factories import make_user
from tests.processes import PROJECT_ROOT, Stack, serving

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

COMMANDS = re.findall(
    r"^    ((?:HOLD=\$\()?curl (?:.*\\\n)*.*)$", (PROJECT_ROOT / "docs" / "api.md").read_text(), re.MULTILINE
)


@pytest.fixture
def environment(database_url: str, session: Session, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the page tells to export."""
    secret = create_api_key(session, make_user(session, credits=100).id, "test", "spend").secret
    session.commit()
    with serving(Stack(database_url, tmp_path)) as stack:
        yield {**os.environ, "PAYAPP": stack.url, "PAYAPP_KEY": secret}


def run(script: str, environment: dict[str, str]) -> Any:
    strict = f'set -e -o pipefail; curl() {{ command curl --silent --show-error --fail "$@"; }}; {script}'
    answer = subprocess.run(["bash", "-c", strict], env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"{script}: {answer.stdout} {answer.stderr}"
    return json.loads(answer.stdout)


def test_it_works_as_written(environment: dict[str, str]) -> None:
    balance, spend, hold, capture, entries = COMMANDS
    assert run(balance, environment) == {"posted": 100, "held": 0, "available": 100}
    assert run(spend, environment)["balance_after"] == 95
    assert run(f"{hold}\n{capture}", environment)["amount"] == -14
    assert run(balance, environment) == {"posted": 81, "held": 0, "available": 81}
    assert [entry["amount"] for entry in run(entries, environment)["entries"]] == [-14, -5, 100]

"""The benchmark runs: its quick form measures everything and prints the tables. Speed is not asserted here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT_ROOT


@pytest.mark.slow
def test_it_measures_everything_and_writes_the_tables(tmp_path: Path) -> None:
    output = tmp_path / "results.md"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--output", str(output)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    assert "round 1 of 1" in done.stdout
    assert "every law holds" in done.stdout
    page = output.read_text()
    for row in (
        r"\| Webhook grants \| \d+ \| \d+ \| \*\*\d+\.\d\d\*\* ",
        r"\| Feature spends \| \d+ \| \d+ \| \*\*\d+\.\d\d\*\* ",
        r"\| Feature spends with the drawing \| \d+ \|",
        r"\| API spends, many accounts \| \d+ \| \d+ \| \*\*\d+\.\d\d\*\* ",
        r"\| API spends, one hot account \| \d+ \| \d+ \| \*\*\d+\.\d\d\*\* ",
        r"\| API holds with their capture \| \d+ \| \d+ \| \*\*\d+\.\d\d\*\* ",
        r"\| API spends of one hot account, of those of many \| \*\*\d+\.\d\d\*\* ",
        r"\| Start-up \| \d+\.\d\d s \|",
        r"\| Memory of a worker, RSS \| \d+ MB \|",
        r"\| Memory of a worker, PSS \| \d+ MB \|",
        r"\| Credits page \| \d+\.\d ms \|",
        r"\| Balance partial \| \d+\.\d ms \|",
    ):
        assert re.search(row, page), f"no row {row} in\n{page}"
    assert "fsync on and synchronous_commit on" in page

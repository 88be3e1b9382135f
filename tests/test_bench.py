"""The benchmark runs: its quick form measures everything and prints the tables. Speed is not asserted here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT_ROOT

LOADS = (
    "Webhook grants",
    "API spends, many accounts",
    "API spends, one hot account",
    "API holds with their capture",
    "API balance reads",
    "Feature spends",
)


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
    postgres, sqlite = page.split("## ")[1:]
    for load in LOADS:
        assert re.search(rf"\| {load} \| \d+ \| \d+ \| \*\*\d+\.\d\d\*\* \(.*\) \| ≥ 0\.\d\d \|", postgres)
        assert re.search(rf"\| {load} \|( \d+\.\d\d / \d+\.\d\d = .* \|){{2}} \d+ / \d+ = .* \|", postgres)
        assert re.search(rf"\| {load} \| \d+\.\d\d / \d+\.\d\d = .* \| in the web's \| \d+ / \d+ = .* \|", sqlite)
    for row in (
        r"\| Web CPU of spends, of the smallest app's \| \*\*\d+\.\d\d\*\* ",
        r"\| Start-up \| \d+\.\d\d s \|",
        r"\| Memory of a worker, RSS \| \d+ MB \|",
        r"\| Credits page \| \d+\.\d ms \|",
        r"\| Balance partial, unchanged \(304\) \| \d+\.\d ms \|",
    ):
        assert re.search(row, postgres), f"no row {row} in\n{page}"
        assert re.search(row, sqlite), f"no row {row} in\n{page}"
    assert "fsync on and synchronous_commit on" in page

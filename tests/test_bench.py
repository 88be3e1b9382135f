"""The benchmark runs: its quick form measures everything and prints the tables. Speed is not asserted here."""

import re
from pathlib import Path

import pytest

from bench.__main__ import main
from tests.effort import pick

LOADS = (
    "Webhook grants",
    "API spends, many accounts",
    "API spends, one hot account",
    "API holds with their capture",
    "API balance reads",
    "Feature spends",
)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("engine", pick(["postgresql"], ["postgresql", "sqlite"]))
def test_it_measures_everything_and_writes_the_tables(
    tmp_path: Path, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results.md"
    assert main(["--quick", "--engine", engine, "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert "round 1 of 1" in said
    assert "every law holds" in said
    page = output.read_text()
    database = r"in the web's" if engine == "sqlite" else r"\d+\.\d\d / \d+\.\d\d = .*"
    rows = [
        r"\| Web CPU of spends, of the smallest app's \| \*\*\d+\.\d\d\*\* ",
        r"\| Start-up \| \d+\.\d\d s \|",
        r"\| Memory of a worker, RSS \| \d+ MB \|",
        r"\| Credits page \| \d+\.\d ms \|",
        r"\| Balance partial, unchanged \(304\) \| \d+\.\d ms \|",
    ]
    if engine == "postgresql":
        rows.append(r"\| The smallest app's SQL by pgbench: API balance reads \| [1-9]\d*/s \|")
    for load in LOADS:
        rows.append(rf"\| {load} \| \d+ \| \d+ \| \*\*\d+\.\d\d\*\* \(.*\) \| ≥ 0\.\d\d \|")
        rows.append(rf"\| {load} \| \d+\.\d\d / \d+\.\d\d = .* \| {database} \| \d+ / \d+ = .* \|")
    for row in rows:
        assert re.search(row, page), f"no row {row} in\n{page}"
    assert engine == "sqlite" or "fsync on and synchronous_commit on" in page

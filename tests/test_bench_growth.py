"""The growth benchmark runs: its quick form fills by the laws, twice, measures, and writes the table."""

import re
from contextlib import nullcontext
from pathlib import Path

import pytest

from bench.engines import ENGINES
from bench.growth.__main__ import main
from tests.databases import PostgresDatabases

PATHS = (
    "API spend, ordinary account, ms",
    "API spend, heavy account, ms",
    "API balance, heavy account, ms",
    "API entries, first page of the heavy account, ms",
    "API entries, deep page of the heavy account, ms",
    "API entries, first page of the idle account, ms",
    "Credits page, ordinary account, ms",
    "Credits page, heavy account, ms",
    "`flask ledger verify`, s",
    "`flask stripe reconcile`, s",
    "Database, MB",
)


@pytest.mark.slow
def test_it_measures_every_path_at_every_size(
    tmp_path: Path, postgres_databases: PostgresDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    database_url, output = postgres_databases.create(), tmp_path / "growth.md"
    monkeypatch.setitem(ENGINES, "postgresql", lambda _folder: nullcontext(database_url))
    assert main(["--quick", "--engine", "postgresql", "--output", str(output)]) == 0
    postgres_databases.drop(database_url)
    page = output.read_text()
    assert "| entries | 2,000 | 4,000 | largest / smallest |" in page
    for path in PATHS:
        assert re.search(rf"^\| {re.escape(path)} \| [\d,.]+ \| [\d,.]+ \| \*\*[\d.]+\*\* \|$", page, re.MULTILINE), (
            page
        )


def test_it_takes_no_size_without_a_heavy_account(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--entries", "10,4000"])
    assert "at least 2000" in capsys.readouterr().err

"""The pressure benchmark runs: its quick form plays every scene and writes the table. Speed is not asserted here."""

import re
from contextlib import nullcontext
from pathlib import Path

import pytest

from bench.engines import ENGINES
from bench.pressure.__main__ import main
from tests.databases import PostgresDatabases
from tests.effort import IS_LONG

ROWS = (
    "3 people log in at once: /healthz",
    "3 people log in at once: they themselves (0 times told to wait)",
    "3 people press Buy, Stripe is silent: Balance partial",
    "3 people press Buy, Stripe is silent: Credits page",
    "3 people press Buy, Stripe is silent: they themselves",
    "10 webhooks a second for 1 s, Stripe is silent: webhooks",
    "10 webhooks a second for 1 s, Stripe is silent: 1 people who ask Stripe",
)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.skipif(not IS_LONG, reason="make pressure is a measurement of its own; played in make test-long")
def test_it_plays_every_scene(
    tmp_path: Path, postgres_databases: PostgresDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    database_url, output = postgres_databases.create(), tmp_path / "pressure.md"
    monkeypatch.setitem(ENGINES, "postgresql", lambda _folder: nullcontext(database_url))
    assert main(["--quick", "--seconds", "1", "--engine", "postgresql", "--output", str(output)]) == 0
    postgres_databases.drop(database_url)
    page = output.read_text()
    for row in ROWS:
        found = rf"^\| {re.escape(row)} \|.*\|[ \d,]+\|[ \d,]+\|[ \d,]+\| [\d,]+ \|$"
        assert re.search(found, page, re.MULTILINE), f"no row {row} in\n{page}"

"""Chaos finds what it is there to find: each sabotaged application is reported, with the seed."""

import pytest

from tests.chaos.running import run_chaos

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]

SABOTAGES = {
    "answers_first": "was delivered and lost",
    "grants_apart": "for no payment",
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_it_reports_a_sabotaged_application(name: str) -> None:
    application = f"tests.chaos.sabotage:{name}()"
    done = run_chaos(
        "--engine", "sqlite", "--kills", "4", "--events", "100", "--seed", "1", "--application", application
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED (seed 1)" in done.stdout
    assert SABOTAGES[name] in done.stdout, done.stdout

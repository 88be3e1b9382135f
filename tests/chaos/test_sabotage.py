"""Chaos finds what it is there to find: each sabotaged application is reported, with the seed."""

import pytest

from tests.chaos.running import run_chaos
from tests.effort import pick

pytestmark = [pytest.mark.slow, pytest.mark.long]

SABOTAGES = {
    "answers_first": "was delivered and lost",
    "grants_apart": "for no payment",
}


@pytest.mark.parametrize("name", pick(["answers_first"], list(SABOTAGES)))
def test_it_reports_a_sabotaged_application(name: str) -> None:
    application = f"tests.chaos.sabotage:{name}()"
    status, output = run_chaos("--kills", "3", "--events", "60", "--seed", "1", "--application", application)
    assert status == 1, output
    assert "FAILED (seed 1)" in output
    assert SABOTAGES[name] in output, output

"""A short run of chaos on each engine: nothing is lost and nothing happens twice."""

import pytest

from tests.chaos.running import run_chaos
from tests.effort import pick

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.mark.parametrize(
    ("engine", "kills", "events"), [("postgresql", *pick((3, 60), (40, 1000))), ("sqlite", *pick((3, 60), (20, 500)))]
)
def test_it_loses_nothing_and_does_nothing_twice(engine: str, kills: int, events: int) -> None:
    status, output = run_chaos("--engine", engine, "--kills", str(kills), "--events", str(events))
    assert status == 0, output
    assert "Nothing was lost, and nothing happened twice." in output

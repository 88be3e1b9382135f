"""flask packages publish, flask packages check"""

import pytest

from tests.cli.conftest import RunCommand
from tests.stand_in import StandIn

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])  # the database is not asked


def read_lines(output: str) -> dict[str, str]:
    """Return what the printed lines would set, pasted into .env."""
    return dict(line.split("=", 1) for line in output.splitlines())


def make_price(stripe: StandIn, unit_amount: int) -> str:
    made = stripe.post("/v1/prices", currency="usd", unit_amount=unit_amount, **{"product_data[name]": "By hand"})
    return str(made["id"])


def test_publish_prints_the_lines_for_env(stripe: StandIn, run: RunCommand) -> None:
    result = run("packages", "publish")
    assert result.exit_code == 0
    lines = read_lines(result.stdout)
    assert list(lines) == ["STRIPE_PRICE_STARTER", "STRIPE_PRICE_GROWTH", "STRIPE_PRICE_PRO"]
    amounts = [stripe.get(f"/v1/prices/{price_id}")["unit_amount"] for price_id in lines.values()]
    assert amounts == [900, 3900, 9900]


def test_publish_prints_the_same_again(stripe: StandIn, run: RunCommand) -> None:
    first = run("packages", "publish").stdout
    stripe.reset()
    assert run("packages", "publish").stdout == first
    assert stripe.list_requests("POST /v1/prices") == []


def test_publish_fails_when_stripe_is_down(run: RunCommand) -> None:
    result = run("packages", "publish")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Error: " in result.stderr


def test_check_is_content_after_the_lines_are_pasted(
    stripe: StandIn, settings: dict[str, str], request: pytest.FixtureRequest
) -> None:
    settings.update(STRIPE_PRICE_GROWTH=make_price(stripe, 3900))
    result = request.getfixturevalue("run")("packages", "check")
    assert result.exit_code == 0
    growth = result.stdout.splitlines()[1].split()
    assert growth == ["growth", settings["STRIPE_PRICE_GROWTH"], "ok"]


def test_check_fails_when_a_price_is_wrong(
    stripe: StandIn, settings: dict[str, str], request: pytest.FixtureRequest
) -> None:
    settings.update(STRIPE_PRICE_GROWTH=make_price(stripe, 390))
    result = request.getfixturevalue("run")("packages", "check")
    assert result.exit_code == 1
    assert "costs 390 usd, not 3900 usd" in result.stdout
    assert len(result.stdout.splitlines()) == 3


def test_check_fails_when_a_price_is_not_there(
    stripe: StandIn, settings: dict[str, str], request: pytest.FixtureRequest
) -> None:
    settings.update(STRIPE_PRICE_PRO="price_that_is_not")
    result = request.getfixturevalue("run")("packages", "check")
    assert result.exit_code == 1
    assert "STRIPE_PRICE_PRO: " in result.stdout


def test_check_fails_when_stripe_is_down(run: RunCommand) -> None:
    result = run("packages", "check")
    assert (result.exit_code, result.stdout) == (1, "")

"""flask stripe register-webhook URL"""

from uuid import uuid4

import pytest
from stripe import api_version

from payapp.webhooks.handlers import HANDLERS
from tests.cli.conftest import RunCommand
from tests.stand_in import StandIn

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])  # the database is not asked


@pytest.fixture
def url() -> str:
    return f"https://{uuid4().hex}.example/webhooks/stripe"


def list_endpoints(stripe: StandIn, url: str) -> list[dict[str, object]]:
    return [found for found in stripe.get("/v1/webhook_endpoints", limit="100")["data"] if found["url"] == url]


def test_it_works(stripe: StandIn, run: RunCommand, url: str) -> None:
    result = run("stripe", "register-webhook", url)
    [endpoint] = list_endpoints(stripe, url)
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first == f"{endpoint['id']} receives {len(HANDLERS)} event types at {url}"
    assert second.startswith("STRIPE_WEBHOOK_SECRET=whsec_")


def test_it_pins_the_version_of_the_events(stripe: StandIn, run: RunCommand, url: str) -> None:
    """An old account would else be sent old shapes."""
    assert run("stripe", "register-webhook", url).stderr == ""
    [endpoint] = list_endpoints(stripe, url)
    assert endpoint["api_version"] == api_version
    assert run("stripe", "register-webhook", url).stderr == ""


def test_it_says_when_an_endpoint_has_another_version(stripe: StandIn, run: RunCommand, url: str) -> None:
    stripe.post("/v1/webhook_endpoints", url=url, **{"enabled_events[0]": "checkout.session.completed"})
    result = run("stripe", "register-webhook", url)
    assert (result.exit_code, f"not {api_version}: delete it" in result.stderr) == (0, True)


def test_it_asks_for_exactly_what_has_a_handler(stripe: StandIn, run: RunCommand, url: str) -> None:
    run("stripe", "register-webhook", url)
    [endpoint] = list_endpoints(stripe, url)
    assert set(endpoint["enabled_events"]) == set(HANDLERS)  # type: ignore[call-overload]
    assert {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    } <= set(HANDLERS)


def test_it_registers_an_address_once(stripe: StandIn, run: RunCommand, url: str) -> None:
    run("stripe", "register-webhook", url)
    again = run("stripe", "register-webhook", url)
    assert again.exit_code == 0
    assert "whsec_" not in again.stdout
    assert len(list_endpoints(stripe, url)) == 1


def test_it_brings_the_events_of_an_address_up_to_date(stripe: StandIn, run: RunCommand, url: str) -> None:
    """After an upgrade that handles more: nobody has to delete the endpoint, and its secret stays."""
    stripe.post("/v1/webhook_endpoints", url=url, **{"enabled_events[0]": "checkout.session.completed"})
    result = run("stripe", "register-webhook", url)
    assert (result.exit_code, "keeps the secret" in result.stdout) == (0, True)
    [endpoint] = list_endpoints(stripe, url)
    assert set(endpoint["enabled_events"]) == set(HANDLERS)  # type: ignore[call-overload]


def test_it_says_why_stripe_refused(stripe: StandIn, run: RunCommand) -> None:
    result = run("stripe", "register-webhook", "no address")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Error: " in result.stderr


def test_it_fails_when_stripe_is_down(run: RunCommand, url: str) -> None:
    result = run("stripe", "register-webhook", url)
    assert (result.exit_code, result.stdout) == (1, "")

"""Every request that payapp makes fits the SDK's own types, closed: no unknown key, no unknown value, nothing empty.

The wall is driven against a real stand-in; what it sent is read from the log and checked here, whatever the stand-in
thought of it.
"""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import InvalidEventError
from tests.fake_stripe.certification.request_drives import CASES, SENDS_NOTHING, Case, Wall
from tests.fake_stripe.certification.sdk_calls import problems_of_request
from tests.fake_stripe.certification.sides import Side
from tests.fake_stripe.processes import API_KEY, StandInProcess


@pytest.fixture(scope="module")
def wall(own_stand_in: StandInProcess) -> Iterator[Wall]:
    side = Side(own_stand_in.client(), own_stand_in)
    yield Wall(StripeService(API_KEY, ["whsec_x"], own_stand_in.url), side)
    for endpoint in side.v1.webhook_endpoints.list({"limit": 100}).data:
        side.v1.webhook_endpoints.delete(endpoint.id)


def sent_by(wall: Wall, case: Case) -> list[dict[str, Any]]:
    """Return what one case sent, as the stand-in logged it."""
    prepare, call = case
    prepared = prepare(wall)
    wall.side.control("DELETE", "/requests")
    result = call(wall, prepared)
    if isinstance(result, Iterator):
        list(result)
    logged: list[dict[str, Any]] = wall.side.control("GET", "/requests")["requests"]
    return logged


def test_no_method_of_the_wall_goes_undriven() -> None:
    public = {name for name, _ in inspect.getmembers(StripeService, inspect.isfunction) if not name.startswith("_")}
    assert public == set(CASES) | SENDS_NOTHING


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{name}-{n}") for name, cases in CASES.items() for n, case in enumerate(cases)]
)
def test_it_sends_what_the_sdk_s_types_allow(wall: Wall, case: Case) -> None:
    sent = sent_by(wall, case)
    assert sent
    for one in sent:
        assert problems_of_request(one["method"], one["path"], one["params"]) == []
        assert one["status"] == 200
        assert one["stripe_version"] == stripe.api_version
        assert bool(one["idempotency_key"]) == (one["method"] == "POST")


def test_what_is_verified_is_not_asked_for(wall: Wall) -> None:
    wall.side.control("DELETE", "/requests")
    with pytest.raises(InvalidEventError):
        wall.service.verify_event(b"{}", "t=1,v1=0")
    assert wall.side.control("GET", "/requests")["requests"] == []


WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/customers", {"emial": "ada@example.com"}),
    ("POST", "/v1/customers", {"email": ""}),
    ("POST", "/v1/customers", {"tax_exempt": "perhaps"}),
    ("GET", "/v1/customers", {"limit": "many"}),
    ("GET", "/v1/refunds", {"created": {"since": "1"}}),
    ("POST", "/v1/checkout/sessions", {"line_items": {"0": {"price_data": {"unit_amount": "9"}}}}),
    ("POST", "/v1/refunds", {"reason": "whim"}),
    ("GET", "/v1/checkout/sessions/cs_1", {"expand": "line_items"}),
]


@pytest.mark.parametrize(("method", "path", "params"), WRONG)
def test_the_check_finds_what_is_wrong(method: str, path: str, params: dict[str, Any]) -> None:
    assert problems_of_request(method, path, params)


def test_the_log_shows_what_came_also_when_it_was_refused(wall: Wall) -> None:
    wall.side.control("DELETE", "/requests")
    own: Any = wall.side.stand_in
    assert own.api("POST", "/v1/customers", {"address[line3]": "x", "emial": "y"}).status_code == 400
    (logged,) = wall.side.control("GET", "/requests")["requests"]
    assert logged["params"] == {"address": {"line3": "x"}, "emial": "y"}
    found = " ".join(problems_of_request("POST", "/v1/customers", logged["params"]))
    assert "line3" in found
    assert "emial" in found

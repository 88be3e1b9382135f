"""Who may give orders and read the panel: not the pages of other sites, in whatever way they try."""

import pytest
import requests

from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.panel_pages import ROOT, Panel
from tests.fake_stripe.processes import StandInProcess

FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": "http://localhost:8000"},  # the app's own pages are another origin too
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("address", [f"{ROOT}/deliveries/hold", "/_control/deliveries/hold"])
def test_it_takes_no_orders_from_other_sites(stand_in: StandInProcess, address: str, headers: dict[str, str]) -> None:
    answer = Panel(stand_in).post(address, {}, **headers)
    assert answer.status_code == 403
    assert stand_in.control("GET", "/health")["deliveries_held"] is False


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_it_takes_orders_from_its_own_pages(stand_in: StandInProcess, site: str) -> None:
    headers = {"Origin": stand_in.url, "Sec-Fetch-Site": site}
    assert Panel(stand_in).post(f"{ROOT}/faults/clear", {}, **headers).status_code == 303


def test_it_takes_orders_from_programs(stand_in: StandInProcess) -> None:
    assert Panel(stand_in).post(f"{ROOT}/faults/clear", {}).status_code == 303


@pytest.mark.parametrize("path", ["", "/payments", "/requests"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8420", "localhost.evil.example", "127.0.0.1.nip.io"])
def test_a_name_that_was_made_to_point_here_sees_nothing(stand_in: StandInProcess, host: str, path: str) -> None:
    page = Panel(stand_in).get(path, Host=host)
    assert page.status_code == 403
    assert requests.get(f"{stand_in.url}/_control/requests", headers={"Host": host}, timeout=10).status_code == 403


@pytest.mark.parametrize("host", ["localhost:1", "panel.localhost", "127.0.0.1", "[::1]:8420", "stripe:8420"])
def test_names_of_this_machine_are_welcome(stand_in: StandInProcess, host: str) -> None:
    assert Panel(stand_in).get(Host=host).status_code == 200


def test_the_name_it_was_started_with_is_welcome(start_stand_in: StartStandIn) -> None:
    panel = Panel(start_stand_in(public_url="https://pay.example.com"))
    assert panel.get(Host="pay.example.com").status_code == 200
    origin = {"Host": "pay.example.com", "Origin": "https://pay.example.com"}
    assert panel.post(f"{ROOT}/faults/clear", {}, **origin).status_code == 303
    assert panel.get(Host="other.example.com").status_code == 403


def test_no_page_may_frame_it_or_learn_its_addresses(stand_in: StandInProcess) -> None:
    headers = Panel(stand_in).get().headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("method", "path"), [("POST", "/payments"), ("GET", "/clock"), ("GET", "/faults/clear")])
def test_a_wrong_method_has_its_page_too(stand_in: StandInProcess, method: str, path: str) -> None:
    answer = requests.request(method, f"{stand_in.url}{ROOT}{path}", timeout=10)
    assert answer.status_code in (404, 405)
    assert 'role="alert"' in answer.text

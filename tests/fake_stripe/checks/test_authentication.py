import base64

import pytest
import requests
import stripe

from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.processes import StandInProcess


def get(stand_in: StandInProcess, authorization: str | None) -> requests.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return requests.get(f"{stand_in.url}/v1/customers", headers=headers, timeout=10)


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Basic !!!", "Basic Og==", "Digest sk_test_1"])
def test_it_asks_for_a_key(stand_in: StandInProcess, header: str | None) -> None:
    answer = get(stand_in, header)
    error = answer.json()["error"]
    assert answer.status_code == 401
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith("You did not provide an API key.")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Stripe"'


def test_it_takes_bearer_and_basic(stand_in: StandInProcess) -> None:
    basic = base64.b64encode(b"sk_test_anything:").decode()
    assert get(stand_in, "Bearer sk_test_anything").status_code == 200
    assert get(stand_in, f"Basic {basic}").status_code == 200


@pytest.mark.parametrize("key", ["sk_live_1234567890", "pk_test_1234567890", "nonsense7890"])
def test_it_refuses_other_keys_and_hides_them(stand_in: StandInProcess, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError) as caught:
        stand_in.client(key).v1.customers.list()
    assert caught.value.http_status == 401
    assert "7890" in str(caught.value)
    assert key not in str(caught.value)


def test_it_takes_only_its_own_key_when_it_has_one(start_stand_in: StartStandIn) -> None:
    stand_in = start_stand_in(api_key="sk_test_mine")
    assert get(stand_in, "Bearer sk_test_mine").status_code == 200
    assert get(stand_in, "Bearer sk_test_other").status_code == 401

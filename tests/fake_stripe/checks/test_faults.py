import time
from typing import Any

import pytest
import requests
import stripe

from tests.fake_stripe.processes import StandInProcess, wait_until

OPERATION = "POST /v1/customers"


@pytest.fixture(autouse=True)
def no_faults_left(stand_in: StandInProcess) -> Any:
    yield
    stand_in.control("DELETE", "/faults")


def arm(stand_in: StandInProcess, fault: str, **more: object) -> None:
    stand_in.control("POST", "/faults", {"operation": OPERATION, "fault": fault, **more})


def count_customers(stand_in: StandInProcess, email: str) -> int:
    return len(stand_in.client().v1.customers.list({"email": email}).data)


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("500", stripe.APIError, 500),
        ("502", stripe.APIError, 502),
        ("429", stripe.RateLimitError, 429),
        ("lock_timeout", stripe.RateLimitError, 429),
        ("reset", stripe.APIConnectionError, None),
        ("refused", stripe.APIConnectionError, None),
        ("hang", stripe.APIConnectionError, None),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_it_fails_as_ordered(
    stand_in: StandInProcess, fault: str, error: type[stripe.StripeError], status: int | None, when: str
) -> None:
    email = f"{fault}-{when}-{time.time()}@example.com"
    arm(stand_in, fault, when=when, seconds=0.1)
    with pytest.raises(error) as caught:
        stand_in.client().v1.customers.create({"email": email})
    assert caught.value.http_status == status
    assert count_customers(stand_in, email) == (1 if when == "after" else 0)


def test_a_retry_with_the_key_gets_the_lost_answer(stand_in: StandInProcess) -> None:
    email = f"lost-{time.time()}@example.com"
    arm(stand_in, "reset", when="after")
    made = stand_in.client(retries=1).v1.customers.create({"email": email}, {"idempotency_key": email})
    assert made.last_response is not None
    assert made.last_response.headers["Idempotent-Replayed"] == "true"
    assert count_customers(stand_in, email) == 1


def test_a_timeout_is_an_answer_too_late(stand_in: StandInProcess) -> None:
    email = f"slow-{time.time()}@example.com"
    arm(stand_in, "timeout", seconds=2)
    with pytest.raises(stripe.APIConnectionError):
        stand_in.client(timeout=0.2).v1.customers.create({"email": email})
    assert count_customers(stand_in, email) == 0
    wait_until(lambda: count_customers(stand_in, email) == 1)


def test_a_reset_is_one(stand_in: StandInProcess) -> None:
    arm(stand_in, "reset")
    with pytest.raises(requests.ConnectionError, match="reset"):
        stand_in.api("POST", "/v1/customers")


def test_it_counts_down_and_spares_other_operations(stand_in: StandInProcess) -> None:
    arm(stand_in, "500", count=2)
    client = stand_in.client()
    assert client.v1.customers.list({"limit": 1}).data is not None
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.customers.create({})
    assert client.v1.customers.create({}).id


def test_it_knows_operations_with_an_id(stand_in: StandInProcess) -> None:
    client = stand_in.client()
    made = client.v1.customers.create({})
    stand_in.control("POST", "/faults", {"operation": "GET /v1/customers/{customer_id}", "fault": "500"})
    with pytest.raises(stripe.APIError):
        client.v1.customers.retrieve(made.id)


@pytest.mark.parametrize(
    "body",
    [
        {"fault": "500"},
        {"operation": OPERATION},
        {"operation": OPERATION, "fault": "flood"},
        {"operation": "POST /v1/customer", "fault": "500"},
        {"operation": "customers.create", "fault": "500"},
        {"operation": "PUT /v1/customers", "fault": "500"},
        {"operation": "GET /v1/customers/{id}", "fault": "500"},
        {"operation": OPERATION, "fault": "500", "when": "never"},
        {"operation": OPERATION, "fault": "500", "count": 0},
        {"operation": OPERATION, "fault": "500", "count": "2"},
        {"operation": OPERATION, "fault": "500", "colour": "red"},
    ],
)
def test_it_rejects_orders_of_no_sense(stand_in: StandInProcess, body: dict[str, object]) -> None:
    answer = requests.post(f"{stand_in.url}/_control/faults", json=body, timeout=10)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "operation", ["*", "GET /v1/customers/cus_x", "GET /v1/customers/{customer_id}", "POST /v1/refunds/re_1/cancel"]
)
def test_it_knows_what_can_happen(stand_in: StandInProcess, operation: str) -> None:
    armed = stand_in.control("POST", "/faults", {"operation": operation, "fault": "500"})
    assert [fault["operation"] for fault in armed["faults"]] == [operation]


def test_the_sdk_tries_again_after_a_lock_timeout(stand_in: StandInProcess) -> None:
    arm(stand_in, "lock_timeout")
    assert stand_in.client(retries=1).v1.customers.create({"name": "A"}).name == "A"


def test_the_log_shows_every_request(stand_in: StandInProcess) -> None:
    stand_in.control("DELETE", "/requests")
    client = stand_in.client()
    client.v1.customers.create({"email": "logged@example.com"}, {"idempotency_key": f"log-{time.time()}"})
    arm(stand_in, "reset")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({})
    made, lost = stand_in.control("GET", "/requests")["requests"]
    assert (made["method"], made["path"], made["status"]) == ("POST", "/v1/customers", 200)
    assert made["params"] == {"email": "logged@example.com"}
    assert made["idempotency_key"].startswith("log-")
    assert lost["status"] is None

import threading
import uuid
from pathlib import Path

import pytest
import requests
import stripe

from tests.fake_stripe.conftest import StartStandIn
from tests.fake_stripe.objects import create_customer, create_session
from tests.fake_stripe.processes import StandInProcess, wait_until


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


def post_customer(stand_in: StandInProcess, key: str, **form: str) -> requests.Response:
    return stand_in.api("POST", "/v1/customers", form, Idempotency_Key=key)


def test_it_works(stand_in: StandInProcess, key: str) -> None:
    first = post_customer(stand_in, key, email="once@example.com")
    second = post_customer(stand_in, key, email="once@example.com")
    assert second.content == first.content
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Original-Request"] == first.headers["Request-Id"]
    assert second.headers["Request-Id"] != first.headers["Request-Id"]
    assert second.headers["Idempotency-Key"] == key


def test_it_has_one_effect_and_one_event(client: stripe.StripeClient, key: str) -> None:
    email = f"{key}@example.com"
    for _ in range(3):
        client.v1.customers.create({"email": email}, {"idempotency_key": key})
    assert len(client.v1.customers.list({"email": email}).data) == 1
    events = [event.to_dict() for event in client.v1.events.list({"type": "customer.created", "limit": 20}).data]
    assert [event["data"]["object"]["email"] for event in events].count(email) == 1


def test_it_gives_the_old_answer_again_after_a_change(client: stripe.StripeClient, key: str) -> None:
    made = client.v1.customers.create({"name": "A"}, {"idempotency_key": key})
    client.v1.customers.update(made.id, {"name": "B"})
    assert client.v1.customers.create({"name": "A"}, {"idempotency_key": key}).name == "A"


def test_it_refuses_other_parameters(client: stripe.StripeClient, key: str) -> None:
    client.v1.customers.create({"name": "A"}, {"idempotency_key": key})
    with pytest.raises(stripe.IdempotencyError, match="same parameters") as caught:
        client.v1.customers.create({"name": "B"}, {"idempotency_key": key})
    assert caught.value.http_status == 400


def test_it_refuses_another_path(client: stripe.StripeClient, key: str) -> None:
    customer = create_customer(client)
    client.v1.customers.create({"name": "A"}, {"idempotency_key": key})
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.customers.update(customer.id, {"name": "A"}, {"idempotency_key": key})


def test_it_refuses_the_twin_of_a_running_request(stand_in: StandInProcess, key: str) -> None:
    fault = {"operation": "POST /v1/customers", "fault": "timeout", "when": "during", "seconds": 1}
    stand_in.control("POST", "/faults", fault)
    answers: list[requests.Response] = []
    running = threading.Thread(target=lambda: answers.append(post_customer(stand_in, key, name="A")))
    running.start()
    wait_until(lambda: stand_in.control("GET", "/faults")["faults"] == [])
    twin = post_customer(stand_in, key, name="A")
    running.join()
    assert (twin.status_code, twin.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert answers[0].status_code == 200
    assert post_customer(stand_in, key, name="A").json() == answers[0].json()


def test_it_forgets_what_failed_validation(stand_in: StandInProcess, key: str) -> None:
    assert post_customer(stand_in, key, emial="a@example.com").status_code == 400
    assert post_customer(stand_in, key, email="not an address").status_code == 400
    assert post_customer(stand_in, key, email="a@example.com").status_code == 200


def test_it_keeps_an_error_of_the_execution(client: stripe.StripeClient, key: str) -> None:
    made = create_session(client)
    client.v1.checkout.sessions.expire(made.id)
    for replayed in (None, "true"):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.checkout.sessions.expire(made.id, {}, {"idempotency_key": key})
        headers = caught.value.headers
        assert headers is not None
        assert headers.get("Idempotent-Replayed") == replayed


def test_it_keeps_a_500_of_the_execution(stand_in: StandInProcess, key: str) -> None:
    fault = {"operation": "POST /v1/customers", "fault": "500", "when": "during"}
    stand_in.control("POST", "/faults", fault)
    assert post_customer(stand_in, key, name="A").status_code == 500
    again = post_customer(stand_in, key, name="A")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (500, "true")


def test_it_ignores_keys_of_get(stand_in: StandInProcess, key: str) -> None:
    for email in ("a@example.com", "b@example.com"):
        answer = stand_in.api("GET", "/v1/customers", {"email": email}, Idempotency_Key=key)
        assert answer.status_code == 200


def test_it_rejects_a_key_of_256_characters(stand_in: StandInProcess, key: str) -> None:
    assert post_customer(stand_in, "k" * 223 + key).status_code == 200
    assert post_customer(stand_in, "k" * 256).status_code == 400


def test_it_remembers_across_a_kill(start_stand_in: StartStandIn, tmp_path: Path, key: str) -> None:
    stand_in = start_stand_in(state=tmp_path / "state.sqlite3")
    first = post_customer(stand_in, key, name="A")
    stand_in.kill()
    stand_in.start()
    assert post_customer(stand_in, key, name="A").content == first.content


def test_a_key_is_free_again_when_its_process_was_killed(
    start_stand_in: StartStandIn, tmp_path: Path, key: str
) -> None:
    stand_in = start_stand_in(state=tmp_path / "state.sqlite3")
    fault = {"operation": "POST /v1/customers", "fault": "hang", "when": "during", "seconds": 30}
    stand_in.control("POST", "/faults", fault)

    def call() -> None:
        with pytest.raises(requests.ConnectionError):
            post_customer(stand_in, key, name="A")

    running = threading.Thread(target=call)
    running.start()
    wait_until(lambda: stand_in.control("GET", "/faults")["faults"] == [])
    stand_in.kill()
    running.join()
    stand_in.start()
    assert post_customer(stand_in, key, name="A").status_code == 200
    assert len(stand_in.client().v1.customers.list().data) == 1


def test_ten_twins_at_once_have_one_effect(stand_in: StandInProcess, key: str) -> None:
    email = f"{key}@example.com"
    answers: list[requests.Response] = []
    twins = [
        threading.Thread(target=lambda: answers.append(post_customer(stand_in, key, email=email))) for _ in range(10)
    ]
    for twin in twins:
        twin.start()
    for twin in twins:
        twin.join()
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 200}) == 1
    assert len(stand_in.client().v1.customers.list({"email": email}).data) == 1

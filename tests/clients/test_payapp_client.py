"""The Python client: against the real application, and against a network that loses things."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.orm import Session

from clients import payapp_client
from clients.payapp_client import (
    HoldEndedError,
    InsufficientCreditsError,
    PayappClient,
    PayappError,
    PayappUnreachableError,
)
from payapp.auth.api_keys import create_api_key
from payapp.ledger.balances import get_balance
from tests.factories import make_user
from tests.processes import Stack, serving

Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def user_id(session: Session) -> int:
    return make_user(session, credits=100, email="ada.client@example.com").id


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[str]:
    with serving(Stack(database_url, tmp_path)) as stack:
        yield stack.url


@pytest.fixture
def client(web: str, session: Session, user_id: int) -> Iterator[PayappClient]:
    secret = create_api_key(session, user_id, "test", "spend").secret
    session.commit()
    with PayappClient(web, secret) as client:
        yield client


def test_it_works(client: PayappClient) -> None:
    """One story over real HTTP: spend, hold, capture a part, fail, read."""
    assert client.balance() == payapp_client.Balance(100, 0, 100)
    assert client.spend(3, feature="translation", note="a page")["balance_after"] == 97
    with client.hold(20, feature="video") as hold:
        assert client.balance() == payapp_client.Balance(97, 20, 77)
        hold.capture(12)
    assert client.balance() == payapp_client.Balance(85, 0, 85)
    with pytest.raises(ZeroDivisionError), client.hold(20, feature="video"):
        raise ZeroDivisionError
    assert client.balance() == payapp_client.Balance(85, 0, 85)
    with client.hold(5, feature="video"):
        pass  # captured whole
    assert [entry["amount"] for entry in client.entries(page_size=2)] == [-5, -12, -3, 100]
    assert [entry["note"] for entry in islice(client.entries(), 3)] == ["video", "video", "a page"]


def test_one_key_is_one_spend(client: PayappClient) -> None:
    answers = [client.spend(3, feature="translation", idempotency_key="order:7") for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert client.balance().posted == 97


def test_it_says_why_not(client: PayappClient) -> None:
    with pytest.raises(InsufficientCreditsError) as caught:
        client.spend(101, feature="translation")
    assert (caught.value.status, caught.value.code) == (402, "insufficient_credits")
    assert (caught.value.problem["required"], caught.value.problem["available"]) == (101, 100)
    assert str(caught.value).endswith("(required 101, available 100)")
    with pytest.raises(PayappError) as refused:
        client.spend(0, feature="translation")
    assert refused.value.status == 422


def test_an_ended_hold_s_key_is_refused_before_the_work(client: PayappClient) -> None:
    with client.hold(4, feature="video", idempotency_key="order-1") as hold:
        again = client.place_hold(4, feature="video", idempotency_key="order-1")
        assert again.id == hold.id  # open still: the work may go on
    with pytest.raises(HoldEndedError, match="captured: the work has been paid already") as caught:
        client.place_hold(4, feature="video", idempotency_key="order-1")
    assert (caught.value.status, caught.value.code, caught.value.hold_status) == (409, "hold_not_open", "captured")
    client.place_hold(4, feature="video", idempotency_key="order-2").release()
    with pytest.raises(HoldEndedError, match="released: take a new idempotency key"):
        client.place_hold(4, feature="video", idempotency_key="order-2")
    assert client.balance() == payapp_client.Balance(96, 0, 96)


def test_nothing_used_releases_the_hold(client: PayappClient) -> None:
    with client.hold(4, feature="video") as hold:
        assert hold.capture(0) is None
    assert client.balance() == payapp_client.Balance(100, 0, 100)


@pytest.mark.parametrize("ending", ["capture", "release"])
def test_work_whose_hold_has_ended_meanwhile_hands_out_nothing(
    web: str, client: PayappClient, session: Session, user_id: int, ending: str
) -> None:
    """Another program of the same user can do that; a service's hold is not theirs to end."""
    with pytest.raises(HoldEndedError) as caught, client.hold(20, feature="video") as hold:
        client.post(f"/holds/{hold.id}/{ending}", {"amount": 1} if ending == "capture" else {})
    assert caught.value.hold_status == f"{ending}d"
    secret = create_api_key(session, None, "back end", "service").secret
    session.commit()
    with PayappClient(web, secret, user=str(user_id)) as service, service.hold(20, feature="video") as hold:
        with pytest.raises(PayappError) as refused:
            client.post(f"/holds/{hold.id}/{ending}", {})
        assert (refused.value.status, refused.value.code) == (403, "hold_belongs_to_another")
    session.rollback()
    assert get_balance(session, user_id).posted == (79 if ending == "capture" else 80)


class LosesAnswers(httpx.BaseTransport):
    """Hands every request on to the real application; while `is_losing`, its answers never come back."""

    def __init__(self) -> None:
        self.real = httpx.HTTPTransport()
        self.is_losing = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.real.handle_request(request)
        if not self.is_losing:
            return response
        response.read()
        response.close()
        raise httpx.ReadTimeout("lost")


@pytest.mark.parametrize(("action", "left"), [("capture", 96), ("release", 100)])
def test_calling_again_after_lost_answers_finds_the_first(
    web: str, session: Session, user_id: int, action: str, left: int
) -> None:
    secret = create_api_key(session, user_id, "test", "spend").secret
    session.commit()
    transport = LosesAnswers()
    with PayappClient(web, secret, transport=transport, sleep=lambda _seconds: None) as client:
        hold = client.place_hold(4, feature="video")
        transport.is_losing = True
        with pytest.raises(PayappUnreachableError):
            getattr(hold, action)()
        transport.is_losing = False
        getattr(hold, action)()
        assert client.balance() == payapp_client.Balance(left, 0, left)


def test_a_service_key_acts_for_a_user(web: str, session: Session, user_id: int) -> None:
    secret = create_api_key(session, None, "other back end", "service").secret
    session.commit()
    with PayappClient(web, secret, user="ada.client@example.com") as client:
        with client.hold(10, feature="video") as hold:
            hold.capture(4)
        client.spend(1, feature="translation")
        assert client.balance().posted == 95
        assert len(list(client.entries())) == 3
    assert get_balance(session, user_id).posted == 95


# ---- a network that loses things


class Network:
    """Answers one after the other; an exception is raised instead. Keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waited: list[float] = []

    def client(self) -> PayappClient:
        transport = httpx.MockTransport(self._answer)
        return PayappClient("https://app.example", "pk_test", transport=transport, sleep=self.waited.append)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def keys(self) -> set[str]:
        return {request.headers["Idempotency-Key"] for request in self.asked}


def problem(status: int, code: str, **headers: Any) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "title": code}, headers=headers)


MADE = httpx.Response(201, json={"id": 1, "amount": -3, "balance_after": 97})


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("down"),
        httpx.ReadTimeout("lost"),
        problem(503, "database_unavailable"),
        httpx.Response(502, text="<html>"),
        problem(429, "rate_limited"),
        problem(409, "request_in_progress"),
    ],
    ids=str,
)
def test_it_tries_again_with_the_same_key(trouble: httpx.Response | Exception) -> None:
    network = Network(trouble, trouble, MADE)
    assert network.client().spend(3, feature="translation")["balance_after"] == 97
    assert (len(network.asked), len(network.keys), len(network.waited)) == (3, 1, 2)


def test_it_waits_as_long_as_it_is_told() -> None:
    network = Network(problem(429, "rate_limited", **{"Retry-After": "7"}), MADE)
    network.client().spend(3, feature="translation")
    assert network.waited == [7.0]


def test_it_gives_up_at_last_and_says_that_it_is_unclear() -> None:
    network = Network(*[httpx.ConnectError("down")] * payapp_client.ATTEMPTS)
    with pytest.raises(PayappUnreachableError):
        network.client().spend(3, feature="translation")
    network = Network(*[problem(503, "database_unavailable")] * payapp_client.ATTEMPTS)
    with pytest.raises(PayappError, match="database_unavailable"):
        network.client().spend(3, feature="translation")


@pytest.mark.parametrize("page", ["<html>Please log in</html>", "[]"])
def test_another_s_page_is_not_taken_for_an_answer(page: str) -> None:
    with pytest.raises(PayappUnreachableError, match="200 without JSON"):
        Network(httpx.Response(200, text=page)).client().spend(3, feature="translation")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_it_does_not_repeat_a_refusal(status: int) -> None:
    network = Network(problem(status, "some_code"))
    with pytest.raises(PayappError) as caught:
        network.client().spend(3, feature="translation")
    assert (caught.value.code, len(network.asked)) == ("some_code", 1)


def test_the_work_s_own_error_is_told_when_the_hold_has_expired_meanwhile() -> None:
    held = httpx.Response(201, json={"id": 1, "amount": 20, "status": "open"})
    network = Network(held, problem(409, "hold_not_open"))
    with pytest.raises(ZeroDivisionError), network.client().hold(20, feature="video"):
        raise ZeroDivisionError


def test_a_capture_without_an_answer_is_not_followed_by_a_release() -> None:
    """Perhaps it never arrived: then a release would give away work that is done."""
    held = httpx.Response(201, json={"id": 7, "amount": 4, "status": "open"})
    network = Network(held, *[httpx.ReadTimeout("lost")] * payapp_client.ATTEMPTS)
    with pytest.raises(PayappUnreachableError), network.client().hold(4, feature="video") as hold:
        hold.capture(3)
    assert {request.url.path for request in network.asked} == {"/api/v1/holds", "/api/v1/holds/7/capture"}


def test_a_capture_that_is_refused_is_followed_by_a_release() -> None:
    held = httpx.Response(201, json={"id": 7, "amount": 4, "status": "open"})
    network = Network(held, problem(409, "capture_too_large"), httpx.Response(200, json={}))
    with pytest.raises(PayappError), network.client().hold(4, feature="video") as hold:
        hold.capture(5)
    assert network.asked[-1].url.path == "/api/v1/holds/7/release"

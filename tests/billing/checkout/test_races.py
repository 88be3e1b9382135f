"""Buying from many clicks at once, against gunicorn with several processes."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
import requests

from tests.journeys.person import Person
from tests.processes import Stack
from tests.stand_in import CREATE_CHECKOUT_SESSION, CREATE_CUSTOMER, StandIn

CLICKS = 12


@pytest.fixture
def person(stack: Stack) -> Person:
    return Person(stack.url, f"{uuid4().hex}@example.com")


def click_at_once(person: Person, package_id: str = "growth", clicks: int = CLICKS) -> list[requests.Response]:
    """Press Buy in many tabs at the same moment; each tab has a connection of its own, and so any process."""
    headers = {"X-CSRFToken": person.csrf_token()}
    cookies, start = dict(person.http.cookies), Barrier(clicks)

    def click(_: int) -> requests.Response:
        start.wait()
        url, body = f"{person.app_url}/api/credits/checkout", {"packageId": package_id}
        return requests.post(url, json=body, cookies=cookies, headers=headers, timeout=60)

    with ThreadPoolExecutor(clicks) as tabs:
        return list(tabs.map(click, range(clicks)))


def list_open(stand_in: StandIn, person: Person) -> list[str]:
    [customer] = stand_in.list_customers(person.email)
    sessions = stand_in.list_checkout_sessions(customer["id"])
    return [checkout_session["url"] for checkout_session in sessions if checkout_session["status"] == "open"]


def test_many_clicks_open_one_page(stack: Stack, stack_stand_in: StandIn, person: Person) -> None:
    person.sign_up()
    answers = click_at_once(person)
    urls = {answer.json()["url"] for answer in answers if answer.status_code == 200}
    # A click while the first one still runs may be told to try again; none may open a page of its own.
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert list(urls) == list_open(stack_stand_in, person)


def test_many_clicks_after_the_page_expired_open_one_new_page(
    stack: Stack, stack_stand_in: StandIn, person: Person
) -> None:
    person.sign_up()
    old = person.start_buying("growth")
    stack_stand_in.post(f"/v1/checkout/sessions/{old.rsplit('/')[-1]}/expire")
    answers = click_at_once(person)
    urls = {answer.json()["url"] for answer in answers if answer.status_code == 200}
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert list(urls) == list_open(stack_stand_in, person)
    assert old not in urls


def test_many_clicks_of_somebody_without_a_customer_make_one(
    stack: Stack, stack_stand_in: StandIn, person: Person
) -> None:
    stack_stand_in.arm(CREATE_CUSTOMER, "reset")
    person.sign_up()
    assert stack_stand_in.list_customers(person.email) == []
    answers = click_at_once(person)
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len(stack_stand_in.list_customers(person.email)) == 1
    assert len(list_open(stack_stand_in, person)) == 1


@pytest.mark.parametrize("package_id", ["growth", "pro"], ids=["page open before", "no page before"])
def test_a_customer_deleted_in_the_middle_of_many_clicks_is_replaced_once(
    stack: Stack, stack_stand_in: StandIn, person: Person, package_id: str
) -> None:
    """The deletion's webhook races with the clicks; whoever comes first, one customer has one open page."""
    person.sign_up()
    person.start_buying("growth")
    [old] = stack_stand_in.list_customers(person.email)
    with ThreadPoolExecutor(2) as crowd:
        clicks = crowd.submit(click_at_once, person, package_id)
        crowd.submit(stack_stand_in.delete, f"/v1/customers/{old['id']}").result(timeout=60)
        assert {answer.status_code for answer in clicks.result(timeout=60)} <= {200, 503}
    stack_stand_in.wait_for_deliveries()
    url = person.start_buying(package_id)
    [customer] = stack_stand_in.list_customers(person.email)
    assert customer["id"] != old["id"]
    assert list_open(stack_stand_in, person) == [url]


def test_a_server_killed_while_stripe_answers_opens_the_same_page_again(
    stack: Stack, stack_stand_in: StandIn, person: Person
) -> None:
    person.sign_up()
    stack_stand_in.arm(CREATE_CHECKOUT_SESSION, "timeout", when="after", seconds=20)
    with ThreadPoolExecutor(1) as tab:
        lost = tab.submit(person.start_buying, "growth")
        stack_stand_in.wait_for_request(CREATE_CHECKOUT_SESSION)
        stack.kill("web")
        assert isinstance(lost.exception(timeout=30), requests.ConnectionError)
    stack.start_web()
    url = person.start_buying("growth")
    assert list_open(stack_stand_in, person) == [url]


def test_nobody_waits_for_the_network_of_another(stack: Stack, stack_stand_in: StandIn, person: Person) -> None:
    person.sign_up()
    stack_stand_in.arm(CREATE_CHECKOUT_SESSION, "timeout", count=100, seconds=3)
    other = Person(stack.url, f"{uuid4().hex}@example.com")
    with ThreadPoolExecutor(1) as crowd:
        waiting = crowd.submit(click_at_once, person, "starter", 6)
        stack_stand_in.wait_for_request(CREATE_CHECKOUT_SESSION)
        other.sign_up()
        assert other.balance() == 0
        assert not waiting.done()
        assert {answer.status_code for answer in waiting.result(timeout=60)} <= {200, 503}

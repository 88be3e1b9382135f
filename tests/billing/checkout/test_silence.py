"""While Stripe is silent, people who press Buy wait, or are told to try again; everybody else notices nothing."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
import requests

from tests.databases import ENGINES
from tests.journeys.person import Person
from tests.processes import Stack
from tests.stand_in import StandIn

BUYERS = 30
SILENT_SECONDS = 30  # longer than payapp waits


@pytest.mark.slow
@pytest.mark.parametrize("stack", ENGINES[1:], indirect=True)
def test_other_pages_are_served_while_many_press_buy(stack: Stack, stack_stand_in: StandIn) -> None:
    people = [Person(stack.url, f"buyer{number}@example.com") for number in range(BUYERS)]
    for person in people:
        person.sign_up()
    stack_stand_in.arm("POST /v1/checkout/sessions", "hang", count=2 * BUYERS, seconds=SILENT_SECONDS)
    with ThreadPoolExecutor(BUYERS) as threads:
        presses = [threads.submit(press_buy, person) for person in people]
        sleep(1)
        for _ in range(5):
            assert requests.get(f"{stack.url}/login", timeout=2).status_code == 200
        assert not all(press.done() for press in presses)
        answered = Counter(press.result() for press in presses)
    assert answered == {303: BUYERS}  # back to the page, which says that nobody was charged


def press_buy(person: Person) -> int:
    fields = {"package_id": "growth", "csrf_token": person.csrf_token()}
    answer = person.http.post(f"{person.app_url}/api/credits/checkout", fields, allow_redirects=False, timeout=60)
    return answer.status_code

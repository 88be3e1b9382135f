"""Guessing a password in many processes at once: they count together."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import requests

from tests.databases import ENGINES
from tests.journeys.person import Person
from tests.processes import Stack

CROWD = 40


@pytest.fixture(scope="module", params=ENGINES)
def hosts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Stack]]:
    """Two web servers of two processes each on one database, as two hosts behind a proxy would be."""
    fixture = {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}[request.param]
    folder = tmp_path_factory.mktemp("hosts")
    url = request.getfixturevalue(fixture).create()
    settings = {"TRUSTED_PROXIES": "1", "SECRET_KEY": "the same on both"}
    hosts = [Stack(url, make(folder / name), web_workers=2, settings=settings) for name in ("first", "second")]
    try:
        for host in hosts:
            host.start_web()
        yield hosts
    finally:
        for host in hosts:
            host.stop()


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


def guess_at_once(hosts: list[Stack], emails: list[str], addresses: list[str]) -> list[requests.Response]:
    """Have everybody open the page first, and send a wrong password at the same moment."""
    start = Barrier(len(emails))
    people = [Person(hosts[number % len(hosts)].url, email) for number, email in enumerate(emails)]

    def guess(person: Person, address: str) -> requests.Response:
        data = {"email": person.email, "password": "wrong", "csrf_token": person.csrf_token()}
        start.wait()
        headers = {"X-Forwarded-For": address}
        return person.http.post(f"{person.app_url}/login", data=data, headers=headers, timeout=60)

    with ThreadPoolExecutor(len(people)) as crowd:
        return list(crowd.map(guess, people, addresses))


def test_ten_of_forty_guesses_at_one_account_are_tried(hosts: list[Stack]) -> None:
    addresses = [f"192.0.2.{number}" for number in range(CROWD)]
    answers = guess_at_once(hosts, ["ada@example.com"] * CROWD, addresses)
    assert Counter(answer.status_code for answer in answers) == {422: 10, 429: CROWD - 10}
    refused = [answer for answer in answers if answer.status_code == 429]
    assert all(0 < int(answer.headers["Retry-After"]) <= 900 for answer in refused)


def test_fifty_of_eighty_logins_from_one_address_are_tried(hosts: list[Stack]) -> None:
    count: Counter[int] = Counter()
    for batch in range(2):
        emails = [f"user{batch}.{number}@example.com" for number in range(CROWD)]
        count.update(answer.status_code for answer in guess_at_once(hosts, emails, ["198.51.100.1"] * CROWD))
    assert count == {422: 50, 429: 30}

"""Requests that race against several processes: one effect for each key, and never a credit that is not there."""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import requests
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from payapp.auth.api_keys import create_api_key
from payapp.database.sql_functions import database_now
from payapp.ledger.balances import get_balance
from payapp.ledger.models import Hold, LedgerEntry
from payapp.ledger.posting import grant
from payapp.ledger.verification import verify
from tests.api.expiring import expiring
from tests.effort import pick
from tests.factories import make_user
from tests.ledger.racing import engine_for
from tests.processes import Stack

TWINS = 50
SPENDERS = 100
ROUNDS = int(os.environ.get("API_ROUNDS", pick("2", "20")))
ENDERS = 6
MANY_ROUNDS = pick(30, 50)  # so many that each of the three has won

pytestmark = pytest.mark.long

Send = Callable[[int], requests.Response]


@pytest.fixture
def books(stack: Stack) -> Iterator[Session]:
    """The database behind `stack`, in a session that only this test has."""
    with engine_for(stack.database_url) as engine, Session(engine) as session:
        yield session


def open_account(books: Session, credits: int) -> tuple[int, dict[str, str]]:
    """Return a new user's id, and the headers of a key that may spend."""
    user_id = make_user(books, email=f"{uuid4().hex}@example.com", stripe_customer_id=None).id
    grant(books, user_id, credits, idempotency_key=f"race:{uuid4()}")
    secret = create_api_key(books, user_id, "race", "spend").secret
    books.commit()
    return user_id, {"Authorization": f"Bearer {secret}"}


def post(stack: Stack, path: str, body: Any, headers: dict[str, str], key: str) -> requests.Response:
    url = f"{stack.url}/api/v1{path}"
    return requests.post(url, json=body, headers=headers | {"Idempotency-Key": key}, timeout=60)


def at_once(count: int, send: Send) -> list[requests.Response]:
    """Send so many requests from the same instant on."""
    start = Barrier(count)

    def run(number: int) -> requests.Response:
        start.wait(30)
        return send(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def captures_of(books: Session, user_id: int) -> int:
    books.rollback()
    of_user = (LedgerEntry.user_id == user_id, LedgerEntry.entry_type == "capture")
    return books.scalar(select(func.count()).where(*of_user)) or 0


def test_fifty_twins_spend_once(stack: Stack, books: Session) -> None:
    user_id, headers = open_account(books, 100)
    body = {"amount": 7, "feature": "race"}
    answers = at_once(TWINS, lambda _: post(stack, "/spends", body, headers, "twin"))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert captures_of(books, user_id) == 1
    assert get_balance(books, user_id).posted == 93
    assert verify(books) == []


def test_fifty_twins_capture_once(stack: Stack, books: Session) -> None:
    user_id, headers = open_account(books, 100)
    hold_id = post(stack, "/holds", {"amount": 7, "feature": "race"}, headers, "hold").json()["id"]
    path = f"/holds/{hold_id}/capture"
    answers = at_once(TWINS, lambda _: post(stack, path, {"amount": 5}, headers, "twin"))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert (captures_of(books, user_id), get_balance(books, user_id).available) == (1, 95)


def test_captures_and_releases_of_one_hold_have_one_winner(stack: Stack, books: Session) -> None:
    user_id, headers = open_account(books, 1000)
    for number in range(ROUNDS):
        hold_id = post(stack, "/holds", {"amount": 5, "feature": "race"}, headers, f"hold-{number}")
        paths = [f"/holds/{hold_id.json()['id']}/{ending}" for ending in ("capture", "release")]
        answers = at_once(10, lambda each: post(stack, paths[each % 2], {}, headers, f"{number}-{each}"))  # noqa: B023
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 9}
    balance = get_balance(books, user_id)
    assert (balance.held, balance.posted) == (0, 1000 - 5 * captures_of(books, user_id))


def test_capture_release_and_expiry_of_one_hold_have_one_winner(stack: Stack, books: Session) -> None:
    user_id, headers = open_account(books, 5 * ROUNDS)
    won: Counter[str] = Counter()
    with expiring(stack.database_url):
        for number in range(ROUNDS):
            hold_id = place_for_a_moment(stack, books, headers, f"hold-{number}")
            winner = end_in_three_ways(stack, headers, hold_id)
            won[winner] += 1
            assert books_of(books, hold_id) == (winner, [-5] if winner == "captured" else [])
            balance = get_balance(books, user_id)
            assert (balance.held, balance.posted) == (0, 5 * (ROUNDS - won["captured"]))
            books.rollback()
    print(dict(won))  # shown by pytest -s, to whoever runs many rounds
    assert captures_of(books, user_id) == won["captured"]
    assert len(won) == 3 or ROUNDS < MANY_ROUNDS, won
    assert verify(books) == []


def place_for_a_moment(stack: Stack, books: Session, headers: dict[str, str], key: str) -> int:
    """Place a hold that expires before, while or after the requests to end it come; return its id.

    How long they take, the request that places it has just shown.
    """
    answer = post(stack, "/holds", {"amount": 5, "feature": "race"}, headers, key)
    hold_id: int = answer.json()["id"]
    moment = random.uniform(0, 6) * answer.elapsed.total_seconds()
    books.execute(update(Hold).where(Hold.id == hold_id).values(expires_at=database_now(moment)))
    books.commit()
    return hold_id


def books_of(books: Session, hold_id: int) -> tuple[str | None, list[int]]:
    """Return how the hold ended, and the amounts of its entries."""
    amounts = select(LedgerEntry.amount).where(LedgerEntry.idempotency_key == f"capture:{hold_id}")
    return books.scalar(select(Hold.status).where(Hold.id == hold_id)), list(books.scalars(amounts))


def end_in_three_ways(stack: Stack, headers: dict[str, str], hold_id: int) -> str:
    """Capture and release the hold at once, while it expires; return how it ended, by the answers alone."""
    endings = ["capture", "release"] * (ENDERS // 2)
    random.shuffle(endings)
    answers = at_once(
        ENDERS, lambda each: post(stack, f"/holds/{hold_id}/{endings[each]}", {}, headers, f"{hold_id}-{each}")
    )
    won = [f"{ending}d" for ending, answer in zip(endings, answers, strict=True) if answer.status_code == 200]
    assert len(won) <= 1, won
    lost = [answer for answer in answers if answer.status_code != 200]
    assert {(answer.status_code, answer.json()["code"]) for answer in lost} == {(409, "hold_not_open")}
    winner = won[0] if won else "expired"
    assert {answer.json()["hold_status"] for answer in lost} == {winner}
    return winner


def test_no_more_is_spent_than_is_there(stack: Stack, books: Session) -> None:
    for _ in range(ROUNDS):
        user_id, headers = open_account(books, SPENDERS // 2)
        body = {"amount": 1, "feature": "race"}
        answers = at_once(SPENDERS, lambda each: post(stack, "/spends", body, headers, f"s{each}"))  # noqa: B023
        assert Counter(answer.status_code for answer in answers) == {201: SPENDERS // 2, 402: SPENDERS // 2}
        balances = sorted(answer.json()["balance_after"] for answer in answers if answer.status_code == 201)
        assert balances == list(range(SPENDERS // 2))
        assert get_balance(books, user_id).posted == 0
        books.rollback()
    assert verify(books) == []


def test_no_more_holds_are_open_than_may_be(stack: Stack, books: Session) -> None:
    user_id, headers = open_account(books, 1000)
    body = {"amount": 1, "feature": "race"}
    answers = at_once(120, lambda each: post(stack, "/holds", body, headers, f"h{each}"))
    assert Counter(answer.status_code for answer in answers) == {201: 100, 409: 20}
    books.rollback()
    assert books.scalar(select(func.count()).where(Hold.user_id == user_id, Hold.status == "open")) == 100


def test_a_key_revoked_in_one_process_is_revoked_in_all(stack: Stack, books: Session) -> None:
    _, headers = open_account(books, 10)

    def look(_: int) -> requests.Response:
        return requests.get(f"{stack.url}/api/v1/balance", headers=headers, timeout=30)

    assert {answer.status_code for answer in at_once(8, look)} == {200}
    stack.run("flask", "api-keys", "revoke", headers["Authorization"].split()[1].rpartition("_")[0])
    assert {answer.status_code for answer in at_once(8, look)} == {401}

"""Signing up from many browsers at once, against gunicorn with several processes."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import requests
from sqlalchemy import create_engine, text

from tests.journeys.person import PASSWORD, Person
from tests.processes import Stack
from tests.stand_in import StandIn

CROWD = 20


def in_random_capitals(email: str) -> str:
    return "".join(random.choice((letter.lower(), letter.upper())) for letter in email)


def sign_up_at_once(stack: Stack, emails: list[str]) -> list[requests.Response]:
    """Have everybody open the page first, and press the button at the same moment."""
    people = [Person(stack.url, email) for email in emails]
    start = Barrier(len(people))

    def sign_up(person: Person) -> requests.Response:
        data = {"email": person.email, "password": PASSWORD, "csrf_token": person.csrf_token()}
        start.wait()
        return person.http.post(f"{stack.url}/signup", data=data, allow_redirects=False, timeout=30)

    with ThreadPoolExecutor(len(people)) as crowd:
        return list(crowd.map(sign_up, people))


def list_users(stack: Stack) -> list[tuple[str, str | None]]:
    """Return addresses and customers, those included that a busy machine could not make in time."""
    users = read_users(stack)
    if any(customer_id is None for _, customer_id in users):
        stack.run("flask", "users", "sync-customers")
        users = read_users(stack)
    return users


def read_users(stack: Stack) -> list[tuple[str, str | None]]:
    engine = create_engine(stack.environment["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT email, stripe_customer_id FROM users")).all()
    engine.dispose()
    return [(row[0], row[1]) for row in rows]


def test_one_address_in_twenty_spellings_makes_one_user(stack: Stack, stack_stand_in: StandIn) -> None:
    email = "ada.lovelace.the.first@example.com"
    answers = sign_up_at_once(stack, [in_random_capitals(email) for _ in range(CROWD)])
    assert Counter(answer.status_code for answer in answers) == {303: 1, 422: CROWD - 1}
    users = [user for user in list_users(stack) if user[0] == email]
    customers = stack_stand_in.list_customers(email)
    assert users == [(email, customers[0]["id"])]
    assert len(customers) == 1


def test_everybody_gets_a_customer_of_their_own(stack: Stack, stack_stand_in: StandIn) -> None:
    emails = [f"person{number}@crowd.example" for number in range(8)]
    answers = sign_up_at_once(stack, emails)
    assert {answer.status_code for answer in answers} == {303}
    users = {email: customer_id for email, customer_id in list_users(stack) if email.endswith("@crowd.example")}
    assert sorted(users) == sorted(emails)
    for email, customer_id in users.items():
        assert [customer["id"] for customer in stack_stand_in.list_customers(email)] == [customer_id]

"""POST /signup: an account, its Stripe customer, and a login."""

import socket
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.auth.models import User
from tests.people import PASSWORD, Visitor
from tests.stand_in import CREATE_CUSTOMER, StandIn

one_engine = pytest.mark.parametrize("engine_name", ["sqlite"])  # where the database has no say
SECONDS_MAX = 3  # what a person who signs up has to wait at most, whatever Stripe does


def users(session: Session) -> list[User]:
    session.rollback()
    return list(session.scalars(select(User).order_by(User.id)))


@pytest.fixture
def email() -> str:
    """An address of this test only: tests share the stand-in and its customers."""
    return f"ada.{uuid4().hex}@example.com"


def test_it_works(stripe: StandIn, visitor: Visitor, session: Session, email: str) -> None:
    response = visitor.sign_up(email.title())
    assert (response.status_code, response.headers["Location"]) == (303, "/dashboard/credits")
    assert visitor.get("/dashboard/credits").status_code == 200
    [user] = users(session)
    [customer] = stripe.list_customers(email)
    assert (user.email, user.stripe_customer_id) == (email, customer["id"])


def test_it_tells_stripe_who_the_customer_is(stripe: StandIn, visitor: Visitor, session: Session) -> None:
    visitor.sign_up("grace@example.com")
    [user] = users(session)
    [request] = stripe.list_requests(CREATE_CUSTOMER)
    assert request["params"]["email"] == "grace@example.com"
    assert request["params"]["metadata"]["userId"] == str(user.id)
    assert request["params"]["metadata"]["app"] == "payapp"
    assert request["idempotency_key"] == user.stripe_customer_key


def test_it_never_links_a_stranger_with_the_same_address(
    stripe: StandIn, visitor: Visitor, session: Session, email: str
) -> None:
    stranger = stripe.post("/v1/customers", email=email)
    visitor.sign_up(email)
    [user] = users(session)
    assert user.stripe_customer_id not in (None, stranger["id"])
    assert len(stripe.list_customers(email)) == 2


def test_it_answers_in_time_when_stripe_is_down(settings: dict[str, str], visitor: Visitor, session: Session) -> None:
    began = time.monotonic()
    assert visitor.sign_up().status_code == 303
    assert time.monotonic() - began < SECONDS_MAX
    assert users(session)[0].stripe_customer_id is None
    assert visitor.get("/dashboard/credits").status_code == 200


@one_engine
@pytest.mark.parametrize("fault", ["hang", "500", "502", "429", "reset"])
def test_it_answers_in_time_when_stripe_is_in_trouble(
    stripe: StandIn, visitor: Visitor, session: Session, fault: str
) -> None:
    stripe.arm(CREATE_CUSTOMER, fault, seconds=6)
    began = time.monotonic()
    assert visitor.sign_up().status_code == 303
    assert time.monotonic() - began < SECONDS_MAX
    assert users(session)[0].stripe_customer_id is None


@pytest.fixture
def silent_address() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@one_engine
def test_it_answers_in_time_when_stripe_is_silent(
    settings: dict[str, str], silent_address: str, request: pytest.FixtureRequest
) -> None:
    settings["STRIPE_API_BASE"] = silent_address
    visitor: Visitor = request.getfixturevalue("visitor")
    began = time.monotonic()
    assert visitor.sign_up().status_code == 303
    assert time.monotonic() - began < SECONDS_MAX


def test_it_leads_where_the_visitor_was_going(visitor: Visitor) -> None:
    response = visitor.submit("/signup?next=/features/qr-codes", email="ada@example.com", password=PASSWORD)
    assert response.headers["Location"] == "/features/qr-codes"


def test_it_sends_away_who_is_logged_in(visitor: Visitor) -> None:
    visitor.sign_up()
    assert visitor.get("/signup").headers["Location"] == "/dashboard/credits"


def test_it_takes_nothing_but_address_and_password(stripe: StandIn, visitor: Visitor, session: Session) -> None:
    visitor.submit(
        "/signup",
        email="ada@example.com",
        password=PASSWORD,
        id="7000",
        credits="1000000",
        credits_held="-5",
        stripe_customer_id="cus_stolen",
        stripe_customer_key="customer:mine",
        password_hash="none",
    )
    [user] = users(session)
    assert (user.credits, user.credits_held) == (0, 0)
    assert user.id != 7000
    assert user.stripe_customer_id != "cus_stolen"
    assert user.stripe_customer_key != "customer:mine"


def test_it_takes_no_json(visitor: Visitor, session: Session) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD, "credits": 1000}
    headers = {"X-CSRFToken": visitor.csrf_token()}
    assert visitor.client.post("/signup", json=body, headers=headers).status_code == 415
    assert users(session) == []


def test_it_requires_a_csrf_token(visitor: Visitor, session: Session) -> None:
    response = visitor.client.post("/signup", data={"email": "ada@example.com", "password": PASSWORD})
    assert response.status_code == 400
    assert users(session) == []


@pytest.mark.parametrize("capitals", ["ada@example.com", "ADA@Example.COM"])
def test_it_refuses_an_address_that_is_taken(app: Flask, visitor: Visitor, session: Session, capitals: str) -> None:
    visitor.sign_up("ada@example.com")
    response = Visitor(app.test_client()).sign_up(capitals, "another password")
    assert response.status_code == 422
    assert "There is an account with this e-mail address already" in response.text
    assert len(users(session)) == 1


@one_engine
@pytest.mark.parametrize("password", ["", "short77", " " * 12, "kx8dj2lq" * 16 + "!", "password123", "example-ada"])
def test_it_refuses_a_password_that_breaks_the_rules(visitor: Visitor, session: Session, password: str) -> None:
    response = visitor.sign_up("ada@example.com", password)
    assert response.status_code == 422
    assert users(session) == []
    assert password not in response.text or not password.strip()  # a password is never sent back


@one_engine
@pytest.mark.parametrize(
    "password",
    [
        "8 chars?",
        "gr\N{GREEK SMALL LETTER ALPHA}y m\N{GREEK SMALL LETTER ALPHA}re",
        "kx8dj2lq" * 16,
        "  spaces count  ",
    ],
)
def test_it_takes_any_password_of_eight_characters(app: Flask, visitor: Visitor, password: str) -> None:
    assert visitor.sign_up("ada@example.com", password).status_code == 303
    assert Visitor(app.test_client()).log_in("ada@example.com", password).status_code == 303


@one_engine
@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "a da@example.com",
        "ada@example.com\r\nBcc: x@example.com",
        "ada@exa\N{RIGHT-TO-LEFT OVERRIDE}mple.com",
        "ada\ud800@example.com",
        "a@" + "b" * 300 + ".com",
        "<script>alert(1)</script>@example.com",
    ],
)
def test_it_refuses_what_is_no_address(visitor: Visitor, session: Session, email: str) -> None:
    response = visitor.sign_up(email.encode("utf-8", "surrogatepass").decode("latin-1"))
    assert response.status_code == 422
    assert users(session) == []
    assert "<script>alert" not in response.text


@pytest.mark.parametrize(
    ("email", "stored"),
    [
        ("\N{CYRILLIC SMALL LETTER PE}@example.com", "\N{CYRILLIC SMALL LETTER PE}@example.com"),
        ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("a+b@x.test", "a+b@x.test"),
    ],
)
def test_it_takes_addresses_of_all_the_world(visitor: Visitor, session: Session, email: str, stored: str) -> None:
    assert visitor.sign_up(email).status_code == 303
    assert users(session)[0].email == stored


BOOKS = [
    "kim@b\u00fccher.example",
    "kim@xn--bcher-kva.example",
    "Kim@BU\u0308CHER.Example",
    "KIM@XN--BCHER-KVA.example",
]


@pytest.mark.parametrize("first", BOOKS)
def test_one_mailbox_has_one_account(app: Flask, session: Session, first: str) -> None:
    assert Visitor(app.test_client()).sign_up(first).status_code == 303
    for second in BOOKS:
        refused = Visitor(app.test_client()).sign_up(second)
        assert refused.status_code == 422
        assert "There is an account with this e-mail address already." in refused.text
        assert Visitor(app.test_client()).log_in(second).status_code == 303
    assert len(users(session)) == 1


@pytest.mark.parametrize("field", ["email", "password"])
def test_it_refuses_nul_characters(visitor: Visitor, session: Session, field: str) -> None:
    fields = {"email": "ada@example.com", "password": PASSWORD}
    assert visitor.submit("/signup", **fields | {field: "a\0b@example.com"}).status_code == 400
    assert users(session) == []


def test_it_refuses_giant_fields(visitor: Visitor, session: Session) -> None:
    assert visitor.sign_up("a" * 100_000 + "@example.com").status_code == 422
    assert visitor.sign_up("ada@example.com", "x" * 2_000_000).status_code == 413
    assert users(session) == []


@one_engine
def test_it_says_what_is_wrong_and_keeps_the_address(visitor: Visitor) -> None:
    response = visitor.sign_up("ada@example.com", "short")
    assert "Use 8 to 128 characters." in response.text
    assert 'value="ada@example.com"' in response.text

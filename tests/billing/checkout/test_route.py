"""POST /api/credits/checkout, for programs, for htmx and for plain forms."""

from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from payapp.auth.models import User
from payapp.billing.models import Purchase
from tests.people import Visitor
from tests.stand_in import CREATE_CHECKOUT_SESSION, CREATE_CUSTOMER, StandIn

PATH = "/api/credits/checkout"
PAGE = "/dashboard/credits"


class Buyer:
    """Somebody logged in, who buys in every way there is."""

    def __init__(self, visitor: Visitor) -> None:
        self.client = visitor.client
        self.visitor = visitor
        self.email = f"{uuid4().hex}@example.com"
        visitor.sign_up(self.email)
        self.token = visitor.csrf_token()

    def post_json(self, body: Any = None, **options: Any) -> TestResponse:
        if "data" in options:
            options["content_type"] = "application/json"
        else:
            options["json"] = body
        return self.client.post(PATH, headers={"X-CSRFToken": self.token}, **options)

    def post_form(self, **fields: str) -> TestResponse:
        return self.client.post(PATH, data={"csrf_token": self.token, **fields})

    def post_htmx(self, **fields: str) -> TestResponse:
        return self.client.post(PATH, data=fields, headers={"X-CSRFToken": self.token, "HX-Request": "true"})


@pytest.fixture
def buyer(stripe: StandIn, visitor: Visitor) -> Buyer:
    return Buyer(visitor)


def page_url(stripe: StandIn, email: str) -> str:
    [customer] = stripe.list_customers(email)
    [checkout_session] = stripe.list_checkout_sessions(customer["id"])
    return str(checkout_session["url"])


def code_of(response: TestResponse) -> str:
    """Return the stable code of an RFC 9457 problem."""
    assert response.mimetype == "application/problem+json"
    problem: dict[str, str] = response.get_json()
    return problem["code"]


def list_purchases(session: Session) -> list[Purchase]:
    session.rollback()
    return list(session.scalars(select(Purchase)))


def test_it_works_for_programs(stripe: StandIn, buyer: Buyer) -> None:
    response = buyer.post_json({"packageId": "growth"})
    assert response.status_code == 200
    assert response.json == {"url": page_url(stripe, buyer.email)}


def test_it_works_for_htmx(stripe: StandIn, buyer: Buyer) -> None:
    response = buyer.post_htmx(package_id="growth")
    assert (response.status_code, response.text) == (200, "")
    assert response.headers["HX-Redirect"] == page_url(stripe, buyer.email)


def test_it_works_for_plain_forms(stripe: StandIn, buyer: Buyer) -> None:
    response = buyer.post_form(package_id="growth")
    assert response.status_code == 303
    assert response.headers["Location"] == page_url(stripe, buyer.email)


def test_the_browser_may_follow(stripe: StandIn, buyer: Buyer) -> None:
    policy = buyer.client.get(PAGE).headers["Content-Security-Policy"]
    [form_action] = [part for part in policy.split("; ") if part.startswith("form-action")]
    assert stripe.url in form_action
    assert "https://checkout.stripe.com" in form_action


def test_it_believes_no_amount_but_our_own(stripe: StandIn, buyer: Buyer, session: Session) -> None:
    lies = {"credits": 10**6, "amount": 1, "unit_amount": 1, "price": 1, "currency": "jpy", "userId": 1, "user_id": 1}
    assert buyer.post_json({"packageId": "starter", **lies}).status_code == 200
    assert buyer.post_form(package_id="starter", **{name: str(lie) for name, lie in lies.items()}).status_code == 303
    [purchase] = list_purchases(session)
    user = session.execute(select(User).where(User.email == buyer.email)).scalar_one()
    assert (purchase.user_id, purchase.credits, purchase.amount_total, purchase.currency) == (user.id, 100, 900, "usd")
    [request] = stripe.list_requests(CREATE_CHECKOUT_SESSION)
    assert request["params"]["line_items"]["0"]["price_data"]["unit_amount"] == "900"
    assert (user.credits, user.stripe_customer_id) == (0, request["params"]["customer"])


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"packageId": "platinum"},
        {"packageId": "GROWTH"},
        {"packageId": "growth "},
        {"packageId": ""},
        {"packageId": None},
        {"packageId": 1},
        {"packageId": True},
        {"packageId": ["growth"]},
        {"packageId": {"id": "growth"}},
        {"package_id": "growth"},
        {"packageId": "gro\0wth"},
        {"packageId": "\ud800"},
        {"packageId": "growth" * 10_000},
        [],
        ["growth"],
        "growth",
        5,
    ],
)
def test_it_refuses_what_is_no_package(stripe: StandIn, buyer: Buyer, session: Session, body: Any) -> None:
    response = buyer.post_json(body)
    assert (response.status_code, response.mimetype) == (422, "application/problem+json")
    assert code_of(response) == "unknown_package"
    assert list_purchases(session) == []
    assert stripe.list_requests(CREATE_CHECKOUT_SESSION) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"{",
        b"NaN",
        b'{"packageId": "growth"',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"packageId": ' + b"9" * 10_000 + b"}",
        b'{"packageId": "\\ud800"}',
    ],
)
def test_it_refuses_what_is_no_json(buyer: Buyer, data: bytes) -> None:
    assert buyer.post_json(data=data).status_code == 422


def test_it_refuses_giants(buyer: Buyer) -> None:
    assert buyer.post_json(data=b'"' + b"x" * 1_100_000 + b'"').status_code == 413
    assert buyer.post_form(package_id="x" * 1_100_000).status_code == 413


def test_people_are_told_that_there_is_no_such_package(buyer: Buyer) -> None:
    response = buyer.post_form(package_id="platinum")
    assert (response.status_code, response.headers["Location"]) == (303, PAGE)
    assert "There is no such package." in buyer.client.get(PAGE).text
    assert buyer.post_htmx().headers["HX-Redirect"] == PAGE
    assert "There is no such package." in buyer.client.get(PAGE).text


def test_it_requires_a_csrf_token(stripe: StandIn, buyer: Buyer, session: Session) -> None:
    for headers in ({}, {"X-CSRFToken": "made up"}, {"Origin": "https://evil.example"}):
        answers = [
            buyer.client.post(PATH, json={"packageId": "growth"}, headers=headers),
            buyer.client.post(PATH, data={"package_id": "growth"}, headers=headers),
            buyer.client.post(PATH, data={"package_id": "growth"}, headers={"HX-Request": "true", **headers}),
            buyer.client.post(PATH, data='{"packageId":"growth"}', content_type="text/plain", headers=headers),
        ]
        assert [answer.status_code for answer in answers] == [400] * 4
    assert list_purchases(session) == []


def test_a_missing_csrf_token_has_a_code_of_its_own(buyer: Buyer) -> None:
    response = buyer.client.post(PATH, json={"packageId": "growth"})
    assert (response.mimetype, code_of(response)) == ("application/problem+json", "csrf_failed")


@pytest.mark.parametrize("has_token", [True, False])
def test_it_requires_a_login(client: FlaskClient, session: Session, has_token: bool) -> None:
    headers = {"X-CSRFToken": Visitor(client).csrf_token()} if has_token else {}
    program = client.post(PATH, json={"packageId": "growth"}, headers=headers)
    assert (program.status_code, code_of(program)) == (401, "login_required")
    plain = client.post(PATH, data={"package_id": "growth"}, headers=headers)
    assert (plain.status_code, plain.headers["Location"]) == (303, "/login")
    htmx = client.post(PATH, data={"package_id": "growth"}, headers={"HX-Request": "true", **headers})
    assert (htmx.status_code, htmx.headers["HX-Redirect"]) == (401, "/login")
    assert list_purchases(session) == []


def test_it_says_so_when_stripe_is_down(visitor: Visitor, session: Session) -> None:
    buyer = Buyer(visitor)  # nobody listens where Stripe should be
    program = buyer.post_json({"packageId": "growth"})
    assert (program.status_code, program.mimetype) == (503, "application/problem+json")
    assert code_of(program) == "checkout_unavailable"
    assert "You have not been charged." in str(program.json)
    plain = buyer.post_form(package_id="growth")
    assert (plain.status_code, plain.headers["Location"]) == (303, PAGE)
    assert "The payment page can&#39;t be opened right now. You have not been charged." in buyer.client.get(PAGE).text
    assert buyer.post_htmx(package_id="growth").headers["HX-Redirect"] == PAGE


def test_it_works_again_as_soon_as_stripe_does(stripe: StandIn, buyer: Buyer) -> None:
    stripe.arm(CREATE_CHECKOUT_SESSION, "500", count=2)
    assert buyer.post_json({"packageId": "growth"}).status_code == 503
    assert buyer.post_json({"packageId": "growth"}).status_code == 200
    assert page_url(stripe, buyer.email)


def test_it_makes_the_customer_that_sign_up_could_not(stripe: StandIn, visitor: Visitor) -> None:
    stripe.arm(CREATE_CUSTOMER, "reset")
    buyer = Buyer(visitor)
    assert stripe.list_customers(buyer.email) == []
    assert buyer.post_json({"packageId": "growth"}).status_code == 200
    assert len(stripe.list_customers(buyer.email)) == 1


def test_it_says_so_when_stripe_would_charge_something_else(
    stripe: StandIn, settings: dict[str, str], request: pytest.FixtureRequest
) -> None:
    wrong = stripe.post("/v1/prices", currency="usd", unit_amount=100, **{"product_data[name]": "Growth"})
    settings["STRIPE_PRICE_GROWTH"] = wrong["id"]
    buyer = Buyer(request.getfixturevalue("visitor"))
    response = buyer.post_json({"packageId": "growth"})
    assert (response.status_code, code_of(response)) == (503, "checkout_unavailable")
    [customer] = stripe.list_customers(buyer.email)
    assert [found["status"] for found in stripe.list_checkout_sessions(customer["id"])] == ["expired"]


@pytest.mark.parametrize("outcome", ["paid", "settles"])
def test_who_has_paid_and_was_not_told_is_told_first(
    stripe: StandIn, buyer: Buyer, session: Session, outcome: str
) -> None:
    """No webhook has come, and the page was closed. Buying more is one press away."""
    buyer.post_form(package_id="growth")
    [purchase] = list_purchases(session)
    stripe.pay(str(purchase.stripe_checkout_session_id), outcome)
    page = f"http://localhost{PAGE}?success=true&session_id={purchase.stripe_checkout_session_id}"

    again = buyer.post_form(package_id="growth")
    assert (again.status_code, again.headers["Location"]) == (303, page)
    shown = buyer.client.get(page).text
    assert "Your payment has arrived" in shown
    assert ("500 credits added" if outcome == "paid" else "Your bank is still working on the payment") in shown
    assert len(list_purchases(session)) == 1
    assert "Your payment has arrived" not in buyer.client.get(page).text

    assert buyer.post_form(package_id="growth").headers["Location"] == page_url_of(stripe, buyer.email)
    assert len(list_purchases(session)) == 2


def test_programs_are_led_there_too(stripe: StandIn, buyer: Buyer, session: Session) -> None:
    buyer.post_json({"packageId": "pro"})
    stripe.pay(str(list_purchases(session)[-1].stripe_checkout_session_id))
    answer = buyer.post_json({"packageId": "pro"}).json
    assert answer is not None
    assert f"{PAGE}?success=true&session_id=cs_" in answer["url"]


def test_htmx_is_led_there_too(stripe: StandIn, buyer: Buyer, session: Session) -> None:
    buyer.post_htmx(package_id="pro")
    stripe.pay(str(list_purchases(session)[-1].stripe_checkout_session_id))
    assert f"{PAGE}?success=true&session_id=cs_" in buyer.post_htmx(package_id="pro").headers["HX-Redirect"]


def page_url_of(stripe: StandIn, email: str) -> str:
    """Return the address of the one payment page that is open."""
    [customer] = stripe.list_customers(email)
    [found] = [found for found in stripe.list_checkout_sessions(customer["id"]) if found["status"] == "open"]
    return str(found["url"])


def test_a_form_is_led_to_a_payment_page_that_the_policy_does_not_name(
    stripe: StandIn, buyer: Buyer, app: Flask
) -> None:
    """A custom domain of Stripe's, or a stand-in under another name: a redirect would be stopped in silence."""
    app.config["CHECKOUT_ORIGINS"] = ["https://checkout.stripe.com"]
    answer = buyer.post_form(package_id="growth")
    url = page_url(stripe, buyer.email)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert f'<meta http-equiv="refresh" content="0; url={url}">' in answer.text
    assert f'href="{url}"' in answer.text
    assert buyer.post_json({"packageId": "growth"}).json == {"url": url}
    assert buyer.post_htmx(package_id="growth").headers["HX-Redirect"] == url

"""Credits are missing: any feature answers 402 with the package that helps, as a page, a partial or JSON."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.extensions import csrf
from payapp.features import FEATURES, Feature, spends_credits
from payapp.ledger.holds import place_hold
from tests.people import Visitor, give_credits


@pytest.fixture(autouse=True)
def feature(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A feature that costs what the form says, and knows nothing of missing credits."""
    monkeypatch.setitem(FEATURES, "any", Feature("any", "Any", lambda asked: int(asked.form["n"]), "Anything."))

    def work() -> str:
        return pytest.fail("the work began")

    app.post("/any")(csrf.exempt(spends_credits("any")(work)))


def test_it_works(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 1)
    response = visitor.client.post("/any", data={"n": 30})
    assert response.status_code == 402
    assert "<html" in response.text
    assert "This costs 30 credits, and you have 1. Nothing was taken." in response.text


@pytest.mark.parametrize(("cost", "package"), [(101, "starter"), (102, "growth"), (502, "pro"), (9000, "pro")])
def test_it_offers_exactly_the_package_that_helps(visitor: Visitor, session: Session, cost: int, package: str) -> None:
    give_credits(visitor, session, 1)
    text = visitor.client.post("/any", data={"n": cost}).text
    assert text.count('name="package_id"') == 1
    assert f'name="package_id" value="{package}"' in text
    assert ("more than one package" in text) == (cost == 9000)


def test_it_tells_what_is_set_aside(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 9)
    place_hold(session, user_id, 7, feature="qr-code")
    text = visitor.client.post("/any", data={"n": 3}).text
    assert "you have 2 (7 more are set aside for work under way)" in text


def test_htmx_gets_the_part(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 1)
    response = visitor.client.post("/any", data={"n": 3}, headers={"HX-Request": "true"})
    assert response.status_code == 402
    assert "<html" not in response.text
    assert 'name="package_id" value="starter"' in response.text


@pytest.mark.parametrize("path", ["/any", "/features/qr-codes"])
def test_a_program_gets_json(visitor: Visitor, session: Session, path: str) -> None:
    give_credits(visitor, session, 0)
    data = {"n": 1, "text": "x", "csrf_token": visitor.csrf_token()}
    response = visitor.client.post(path, data=data, headers={"Accept": "application/json"})
    assert (response.status_code, response.mimetype) == (402, "application/problem+json")
    document = response.get_json()
    assert (document["code"], document["required"], document["available"]) == ("insufficient_credits", 1, 0)
    assert document["package"] == {
        **{"id": "starter", "name": "Starter", "credits": 100, "unit_amount": 900, "currency": "usd"},
    }


def test_the_credits_page_shows_what_is_set_aside_apart(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 9)
    place_hold(session, user_id, 9, feature="qr-code")
    text = visitor.get("/dashboard/credits/balance").text
    assert 'data-balance="0"' in text
    assert "9 credits set aside for work under way" in text
    assert "Ready to use" not in text

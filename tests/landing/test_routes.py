"""The landing page, for strangers and for people who are logged in."""

from sqlalchemy.orm import Session

from tests.people import Visitor, give_credits


def test_the_landing_page_shows_what_is_for_sale(visitor: Visitor) -> None:
    page = visitor.get("/")
    assert page.status_code == 200
    for price in ("$9.00", "$39.00", "$99.00"):
        assert f"Buy for {price}" in page.text
    assert 'action="/api/credits/checkout"' not in page.text
    assert page.text.count('href="/signup"') >= 4


def test_the_landing_page_lets_a_logged_in_person_buy(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 3)
    page = visitor.get("/")
    assert page.text.count('action="/api/credits/checkout"') == 3
    assert 'href="/signup"' not in page.text

"""Pages that stay open: what they say of credits follows what happened in another tab."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from payapp.ledger.holds import spend
from payapp.ledger.posting import grant
from tests.people import Visitor, give_credits

HEADER = "/dashboard/credits/header"


@pytest.mark.parametrize(
    "path", ["/features/qr-codes", "/features/qr-code-batch", "/dashboard/api-keys", "/", "/nowhere"]
)
def test_every_page_asks_for_the_headers_number_again(visitor: Visitor, session: Session, path: str) -> None:
    give_credits(visitor, session, 7)
    page = visitor.get(path).text
    [pill] = [line for line in page.splitlines() if 'id="nav-balance"' in line]
    assert f'hx-get="{HEADER}" hx-trigger="credits-changed from:body' in pill


def test_the_headers_number_is_todays_and_nobody_elses(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 7)
    first = visitor.get(HEADER)
    assert '<span class="num">7</span>' in first.text
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert visitor.get(HEADER, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    spend(session, user_id, 3, feature="test")
    assert '<span class="num">4</span>' in visitor.get(HEADER, headers={"If-None-Match": first.headers["ETag"]}).text


def test_not_enough_becomes_enough(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 0)
    page = visitor.submit("/features/qr-codes", text="hello")
    assert page.status_code == 402
    assert 'hx-get="/features/missing/1" hx-trigger="credits-changed from:body' in page.text
    assert "you have 0" in visitor.get("/features/missing/1").text
    grant(session, user_id, 500, idempotency_key="purchase:1")
    assert "There are enough credits now" in visitor.get("/features/missing/1").text
    still = visitor.get("/features/missing/501").text
    assert "This costs 501 credits, and you have 500" in still


def test_what_a_list_would_leave_follows(visitor: Visitor, session: Session) -> None:
    user_id = give_credits(visitor, session, 5)
    page = visitor.submit("/features/qr-code-batch", lines="a\nb").text
    assert 'hx-get="/features/left/2"' in page
    assert "3 credits" in page
    spend(session, user_id, 2, feature="test")
    assert "1 credit</dd>" in visitor.get("/features/left/2").text


def test_a_list_that_was_too_dear_is_priced_again(visitor: Visitor, session: Session) -> None:
    """The page of a list has no button to send it again: its price appears by itself."""
    give_credits(visitor, session, 1)
    page = visitor.submit("/features/qr-code-batch", lines="a\nb").text
    assert 'hx-post="/features/qr-code-batch" hx-include="#batch-form"' in page
    assert 'hx-target="#batch-price" hx-trigger="credits-changed from:body' in page
    assert 'id="batch-form"' in page


@pytest.mark.parametrize("path", [HEADER, "/features/missing/1", "/features/left/1"])
def test_strangers_are_asked_to_log_in(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 303


@pytest.mark.parametrize("cost", ["0", "-1", "x", "9" * 30, "1.5", "%00"])
def test_a_cost_that_cannot_be_is_no_crash(visitor: Visitor, session: Session, cost: str) -> None:
    give_credits(visitor, session, 0)
    for page in ("missing", "left"):
        assert visitor.get(f"/features/{page}/{cost}").status_code in (200, 400, 404)

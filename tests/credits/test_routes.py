"""The credits page, the way back from payment, and the live balance."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.models import Purchase
from payapp.billing.returns.clawbacks import record_dispute, record_refund
from payapp.database.clock import utc_now
from payapp.ledger.holds import place_hold
from payapp.ledger.posting import grant
from payapp.stripe_types.returns import Dispute, Refund
from tests.factories import dispute_object, make_purchase, make_user, refund_object
from tests.people import Visitor, give_credits

PAGE = "/dashboard/credits"


@pytest.fixture
def user(visitor: Visitor, session: Session) -> User:
    """The visitor, signed up; a Stripe customer as if Stripe had answered."""
    user = session.get_one(User, give_credits(visitor, session, 0))
    user.stripe_customer_id = "cus_visitor"
    session.commit()
    return user


def fulfill(session: Session, purchase: Purchase) -> None:
    purchase.status, purchase.fulfilled_at, purchase.completed_at = "fulfilled", utc_now(), utc_now()
    grant(session, purchase.user_id, purchase.credits, idempotency_key=f"purchase:{purchase.id}", note="Growth package")
    session.commit()


def test_it_works(visitor: Visitor, user: User) -> None:
    page = visitor.get(PAGE)
    assert page.status_code == 200
    for words in ("Buy for $9.00", "Buy for $39.00", "Buy for $99.00", 'data-balance="0"'):
        assert words in page.text


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/balance", f"{PAGE}/purchases/1", f"{PAGE}/purchases/1/status"])
def test_it_requires_a_login(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.headers["Location"]) == (303, f"/login?next={path}")


def test_it_is_not_kept_by_caches(visitor: Visitor, user: User) -> None:
    assert visitor.get(PAGE).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/balance", "/dashboard/api-keys", "/nowhere"])
def test_credits_are_available_again_the_moment_their_hold_is_overdue(
    visitor: Visitor, user: User, session: Session, path: str
) -> None:
    """On every page, with or without a balance of its own; no worker has come by."""
    grant(session, user.id, 77, idempotency_key="welcome")
    place_hold(session, user.id, 30, feature="test", expires_in_seconds=-1)
    page = visitor.get(path).text
    assert '<span class="num">77</span>' in page
    assert "set aside" not in page
    place_hold(session, user.id, 30, feature="test")
    assert '<span class="num">47</span>' in visitor.get(path).text


def test_it_lists_what_happened_newest_first(visitor: Visitor, user: User, session: Session) -> None:
    grant(session, user.id, 25, idempotency_key="welcome", category="promotional", note="Welcome credits")
    purchase = make_purchase(session, user)
    fulfill(session, purchase)
    page = visitor.get(PAGE).text
    assert page.index("Growth package") < page.index("Welcome credits")
    assert "$39.00" in page
    assert f"{PAGE}/purchases/{purchase.id}" in page


def test_it_shows_nothing_of_other_people(visitor: Visitor, user: User, session: Session) -> None:
    stranger = make_user(session)
    purchase = make_purchase(session, stranger)
    fulfill(session, purchase)
    returned = visitor.get(f"{PAGE}?success=true&session_id={purchase.stripe_checkout_session_id}")
    assert "500 credits added" not in returned.text
    assert visitor.get(f"{PAGE}/purchases/{purchase.id}").status_code == 404
    assert visitor.get(f"{PAGE}/purchases/{purchase.id}/status").status_code == 404


def test_it_says_that_the_credits_are_added(visitor: Visitor, user: User, session: Session) -> None:
    purchase = make_purchase(session, user)
    fulfill(session, purchase)
    page = visitor.get(f"{PAGE}?success=true&session_id={purchase.stripe_checkout_session_id}").text
    assert "500 credits added" in page
    assert 'hx-trigger="every 1s"' not in page


def test_it_waits_while_stripe_is_silent(visitor: Visitor, user: User, session: Session) -> None:
    purchase = make_purchase(session, user)
    page = visitor.get(f"{PAGE}?success=true&session_id={purchase.stripe_checkout_session_id}").text
    assert "Payment received, adding 500 credits" in page
    assert f"{PAGE}/purchases/{purchase.id}/status?since=" in page
    assert 'http-equiv="refresh"' in page


@pytest.mark.parametrize("session_id", ["", "cs_unknown", "x" * 5000, "\x00", "%", "{CHECKOUT_SESSION_ID}"])
def test_it_believes_no_made_up_return_address(visitor: Visitor, user: User, session_id: str) -> None:
    response = visitor.get(PAGE, query_string={"success": "true", "session_id": session_id})
    assert response.status_code in (200, 400)
    assert "credits added" not in response.text


def test_it_says_that_a_canceled_checkout_cost_nothing(visitor: Visitor, user: User) -> None:
    assert "You have not been charged" in visitor.get(f"{PAGE}?canceled=true").text


class TestStatus:
    """What the return page polls."""

    def test_it_says_nothing_while_waiting(self, visitor: Visitor, user: User, session: Session) -> None:
        purchase = make_purchase(session, user)
        response = visitor.get(f"{PAGE}/purchases/{purchase.id}/status")
        assert (response.status_code, response.data) == (204, b"")

    def test_it_ends_the_polling_with_everything_that_changed(
        self, visitor: Visitor, user: User, session: Session
    ) -> None:
        purchase = make_purchase(session, user)
        fulfill(session, purchase)
        answer = visitor.get(f"{PAGE}/purchases/{purchase.id}/status").text
        assert "500 credits added" in answer
        assert "every 1s" not in answer
        for part in ('id="nav-balance"', 'id="balance"', "+500"):
            assert part in answer

    def test_it_gives_up_after_a_minute(self, visitor: Visitor, user: User, session: Session) -> None:
        purchase = make_purchase(session, user)
        since = int((utc_now() - timedelta(seconds=61)).timestamp())
        answer = visitor.get(f"{PAGE}/purchases/{purchase.id}/status?since={since}").text
        assert "This is taking longer than usual" in answer
        assert "every 1s" not in answer

    @pytest.mark.parametrize("since", ["", "x", "-1", "9" * 400, "1e400", "NaN"])
    def test_it_takes_any_since(self, visitor: Visitor, user: User, session: Session, since: str) -> None:
        purchase = make_purchase(session, user)
        assert visitor.get(f"{PAGE}/purchases/{purchase.id}/status?since={since}").status_code in (200, 204)


class TestBalance:
    """The live balance partial."""

    def test_it_carries_the_header_along(self, visitor: Visitor, user: User) -> None:
        answer = visitor.get(f"{PAGE}/balance").text
        assert "<html" not in answer
        assert 'id="nav-balance"' in answer
        assert 'hx-swap-oob="true"' in answer

    def test_it_answers_304_until_something_changes(self, visitor: Visitor, user: User, session: Session) -> None:
        etag = visitor.get(f"{PAGE}/balance").headers["ETag"]
        same = visitor.get(f"{PAGE}/balance", headers={"If-None-Match": etag})
        assert (same.status_code, same.data) == (304, b"")
        grant(session, user.id, 5, idempotency_key="five")
        changed = visitor.get(f"{PAGE}/balance", headers={"If-None-Match": etag})
        assert changed.status_code == 200
        assert 'data-balance="5"' in changed.text
        assert "no-store" not in changed.headers["Cache-Control"]

    def test_it_sends_htmx_to_the_login_when_the_login_has_ended(self, client: FlaskClient) -> None:
        response = client.get(f"{PAGE}/balance", headers={"HX-Request": "true"})
        assert (response.status_code, response.headers["HX-Redirect"]) == (401, "/login")


class TestPurchasePage:
    """A purchase's own page: how it stands, and the receipt."""

    @pytest.mark.parametrize(
        ("status", "words"),
        [("expired", "This payment page has expired"), ("failed", "The payment failed"), ("pending", "not paid yet")],
    )
    def test_it_says_how_it_stands(
        self, visitor: Visitor, user: User, session: Session, status: str, words: str
    ) -> None:
        purchase = make_purchase(session, user, status=status)
        assert words in visitor.get(f"{PAGE}/purchases/{purchase.id}").text

    def test_it_is_a_receipt_once_paid(self, visitor: Visitor, user: User, session: Session) -> None:
        purchase = make_purchase(session, user)
        fulfill(session, purchase)
        page = visitor.get(f"{PAGE}/purchases/{purchase.id}").text
        for words in ("Receipt", "$39.00", "ada@example.com", "Growth package", f"PA-{purchase.id:06d}"):
            assert words in page

    @pytest.mark.parametrize("number", ["0", "999999", "99999999999999999999999", "-1", "x"])
    def test_it_is_not_found(self, visitor: Visitor, user: User, number: str) -> None:
        assert visitor.get(f"{PAGE}/purchases/{number}").status_code == 404


def test_a_receipt_tells_of_money_that_went_back(visitor: Visitor, user: User, session: Session) -> None:
    purchase = make_purchase(session, user, stripe_payment_intent_id=None)
    purchase.stripe_payment_intent_id = f"pi_test_{purchase.id}"
    fulfill(session, purchase)
    path = f"{PAGE}/purchases/{purchase.id}"
    assert "What happened" not in visitor.get(path).text
    refund = Refund.from_object(refund_object(purchase, amount=1950))
    record_refund(session, refund, livemode=False)
    session.commit()
    page = visitor.get(path).text
    for words in ("Partly refunded", "$19.50", "What happened", "Refund: succeeded", "250 credits", "250 of 500"):
        assert words in page, words
    assert visitor.get(PAGE).text.count(path) == 2  # both lines of the activity lead to the receipt
    record_dispute(session, Dispute.from_object(dispute_object(purchase)))
    session.commit()
    assert "Disputed at your bank" in visitor.get(path).text

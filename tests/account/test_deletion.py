"""POST /dashboard/account/delete: whoever it was goes, the book stays, and what comes afterwards ends right."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from payapp.auth.accounts import find_user_id
from payapp.auth.api_keys import create_api_key, find_active_key
from payapp.auth.login_sessions import list_logins
from payapp.auth.models import LoginSession, User
from payapp.billing.customer_sync import list_users_to_sync, sync_customers
from payapp.billing.models import Purchase
from payapp.database.clock import utc_now
from payapp.ledger.balances import list_entries
from payapp.ledger.holds import find_hold_status, place_hold
from payapp.ledger.makers import USER, service
from payapp.ledger.posting import grant
from payapp.ledger.verification import verify
from payapp.web.services import get_stripe
from tests.factories import event_payload, refund_object, signature_of
from tests.people import PASSWORD, Visitor
from tests.stand_in import StandIn
from tests.webhooks.delivering import EXPIRED, event_about

PAGE = "/dashboard/account"
DELETE_CUSTOMER = "DELETE /v1/customers/{customer_id}"
EXPIRE = "POST /v1/checkout/sessions/{session_id}/expire"


class Leaver:
    """Somebody who has signed up and is about to leave."""

    def __init__(self, visitor: Visitor, session: Session, stripe: StandIn) -> None:
        self.visitor, self.session, self.stripe = visitor, session, stripe
        self.email = f"ada.{uuid4().hex}@example.com"
        visitor.sign_up(self.email)
        self.user_id = session.execute(select(User.id).where(User.email == self.email)).scalar_one()
        self.customer_id = self.row.stripe_customer_id

    @property
    def row(self) -> Any:
        self.session.rollback()
        return self.session.execute(select(User.__table__).where(User.id == self.user_id)).one()

    @property
    def is_gone(self) -> bool:
        return self.row.deleted_at is not None

    def delete(self, confirm: str | None = None) -> Any:
        return self.visitor.submit(f"{PAGE}/delete", confirm=self.email if confirm is None else confirm)

    def buy(self) -> Purchase:
        """Open a payment page."""
        assert self.visitor.submit("/api/credits/checkout", package_id="growth").status_code == 303
        self.session.rollback()
        return self.session.scalars(select(Purchase).order_by(Purchase.id.desc()).limit(1)).one()

    def hear(self, payload: str) -> int:
        """Let Stripe tell something."""
        headers = {"Stripe-Signature": signature_of(payload)}
        return self.visitor.client.post(
            "/webhooks/stripe", data=payload, headers=headers, content_type="application/json"
        ).status_code

    def give(self, credits: int, key: str = "purchase:900") -> None:
        grant(self.session, self.user_id, credits, idempotency_key=key)
        self.session.commit()

    def entries(self) -> list[Any]:
        self.session.rollback()
        return [(each.amount, each.entry_type) for each in list_entries(self.session, self.user_id, limit=9)][::-1]


@pytest.fixture
def leaver(stripe: StandIn, visitor: Visitor, session: Session) -> Leaver:
    return Leaver(visitor, session, stripe)


def test_it_works(leaver: Leaver, app: Flask, session: Session) -> None:
    leaver.give(430)
    secret = create_api_key(session, leaver.user_id, "my laptop", "spend").secret
    hold = place_hold(session, leaver.user_id, 30, feature="x", maker=USER)
    session.commit()
    elsewhere = Visitor(app.test_client())
    elsewhere.log_in(leaver.email)
    page = leaver.visitor.get(PAGE).text
    assert "Your 430 credits will be lost" in page
    answer = leaver.delete()
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Your account is deleted" in leaver.visitor.get("/").text
    assert [each.get(PAGE).status_code for each in (leaver.visitor, elsewhere)] == [303, 303]
    row = leaver.row
    assert (row.email, row.credits, row.credits_held) == (f"deleted-{row.id}@deleted.invalid", 0, 0)
    assert None not in (row.deleted_at, row.disabled_at)
    assert leaver.entries() == [(430, "grant"), (-430, "expiration")]
    assert find_hold_status(session, hold.id) == "released"
    assert find_active_key(session, secret) is None
    assert list_logins(session, leaver.user_id) == []
    assert find_user_id(session, leaver.user_id) is None
    assert leaver.stripe.get(f"/v1/customers/{leaver.customer_id}")["deleted"] is True
    assert verify(session) == []


def test_nothing_of_who_it_was_is_left(leaver: Leaver, session: Session) -> None:
    create_api_key(session, leaver.user_id, f"laptop of {leaver.email}", "read")
    leaver.visitor.submit("/features/qr-code-batch", texts=leaver.email)
    leaver.buy()
    leaver.delete()
    session.rollback()
    tables = [name for name in User.metadata.tables if name != "stripe_events"]  # what Stripe has told is kept as told
    found = [
        name for name in tables for row in session.execute(text(f"SELECT * FROM {name}")) if leaver.email in str(row)
    ]
    assert found == []


def test_the_same_address_signs_up_again(leaver: Leaver, app: Flask, session: Session) -> None:
    leaver.give(100)
    leaver.delete()
    assert Visitor(app.test_client()).log_in(leaver.email).status_code == 422
    again = Visitor(app.test_client())
    assert again.sign_up(leaver.email).status_code == 303
    user_id = find_user_id(session, leaver.email)
    assert user_id not in (None, leaver.user_id)
    session.rollback()
    new = session.execute(select(User.credits, User.stripe_customer_id).where(User.id == user_id)).one()
    assert new.credits == 0
    assert new.stripe_customer_id not in (None, leaver.customer_id)


def test_nobody_gets_the_address_that_is_left(leaver: Leaver, app: Flask) -> None:
    address = f"deleted-{leaver.user_id}@deleted.invalid"
    assert Visitor(app.test_client()).sign_up(address).status_code == 422
    leaver.delete()
    assert Visitor(app.test_client()).sign_up(address).status_code == 422
    assert Visitor(app.test_client()).log_in(address, PASSWORD).status_code == 422


@pytest.mark.parametrize("confirm", ["", "yes", "bob@example.com", "x" * 300])
def test_it_wants_the_address_typed(leaver: Leaver, confirm: str) -> None:
    assert leaver.delete(confirm).status_code == 422
    assert not leaver.is_gone


def test_the_address_may_be_typed_in_capitals(leaver: Leaver) -> None:
    assert leaver.delete(f" {leaver.email.upper()} ").status_code == 303
    assert leaver.is_gone


def test_it_wants_a_recent_login(leaver: Leaver, session: Session) -> None:
    session.execute(update(LoginSession).values(authenticated_at=utc_now() - timedelta(minutes=16)))
    session.commit()
    assert leaver.delete().location.startswith("/login/again")
    assert not leaver.is_gone


def test_strangers_and_tabs_of_before_delete_nobody(leaver: Leaver, app: Flask) -> None:
    stranger = Visitor(app.test_client())
    assert stranger.submit(f"{PAGE}/delete", confirm=leaver.email).location.startswith("/login")
    assert leaver.visitor.client.post(f"{PAGE}/delete", data={"confirm": leaver.email}).status_code == 400
    assert not leaver.is_gone


def test_pressed_at_once_it_is_done_once(leaver: Leaver, app: Flask, session: Session) -> None:
    leaver.give(50)
    token, cookie = leaver.visitor.csrf_token(), leaver.visitor.client.get_cookie("session")
    browsers = [app.test_client() for _ in range(3)]
    for browser in browsers:
        browser.set_cookie("session", cookie.value if cookie else "")

    def press(browser: Any) -> int:
        status: int = browser.post(f"{PAGE}/delete", data={"csrf_token": token, "confirm": leaver.email}).status_code
        return status

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(press, browsers)) == {303}
    assert leaver.is_gone
    assert leaver.entries() == [(50, "grant"), (-50, "expiration")]
    assert verify(session) == []


# ---- what is under way


def test_an_open_payment_page_is_closed(leaver: Leaver, session: Session) -> None:
    purchase = leaver.buy()
    assert leaver.delete().status_code == 303
    [told] = leaver.stripe.list_checkout_sessions(str(leaver.customer_id))
    assert told["status"] == "expired"
    assert leaver.hear(event_about(purchase, EXPIRED, status="expired", payment_status="unpaid")) == 200
    session.rollback()
    assert session.scalar(select(Purchase.status)) == "expired"


def test_it_waits_for_a_slow_payment(leaver: Leaver, session: Session) -> None:
    purchase = leaver.buy()
    leaver.stripe.pay(str(purchase.stripe_checkout_session_id), "settle_fails")
    answer = leaver.delete()
    assert answer.status_code == 409
    assert "a payment of yours is under way" in answer.text
    assert not leaver.is_gone
    session.execute(update(Purchase).values(completed_at=utc_now() - timedelta(days=31)))  # staff's, by then
    session.commit()
    assert leaver.delete().status_code == 303


def test_what_was_paid_unheard_is_granted_first(leaver: Leaver) -> None:
    purchase = leaver.buy()
    leaver.stripe.pay(str(purchase.stripe_checkout_session_id))
    assert leaver.delete().status_code == 409
    assert leaver.entries() == [(500, "grant")]
    assert leaver.delete().status_code == 303
    assert leaver.entries() == [(500, "grant"), (-500, "expiration")]


def test_nothing_is_deleted_while_an_open_page_cannot_be_closed(leaver: Leaver) -> None:
    leaver.buy()
    leaver.stripe.arm(EXPIRE, "500", count=100)
    answer = leaver.delete()
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert not leaver.is_gone
    leaver.stripe.reset()
    assert leaver.delete().status_code == 303


def test_it_waits_for_what_a_service_has_begun(leaver: Leaver, session: Session) -> None:
    leaver.give(10)
    place_hold(session, leaver.user_id, 4, feature="x", maker=service("a"))
    session.commit()
    answer = leaver.delete()
    assert answer.status_code == 409
    assert "work of yours is under way" in answer.text
    assert not leaver.is_gone
    assert leaver.row.email == leaver.email


# ---- what comes afterwards


def test_a_payment_that_comes_late_is_kept_and_goes_back(leaver: Leaver, session: Session) -> None:
    """Nobody can spend it; the refund by staff takes it out of the book again."""
    purchase = leaver.buy()
    leaver.delete()
    assert leaver.hear(event_about(purchase)) == 200
    assert leaver.entries() == [(500, "grant")]
    refund = refund_object(purchase)
    assert leaver.hear(event_payload("refund.created", refund)) == 200
    assert leaver.entries() == [(500, "grant"), (-500, "clawback")]
    assert session.scalars(text("SELECT status FROM stripe_events")).all() == ["processed"] * 2
    assert verify(session) == []


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_a_refund_of_what_was_given_up_leaves_a_debt_that_nobody_pays(
    leaver: Leaver, session: Session, status: str
) -> None:
    purchase = leaver.buy()
    leaver.hear(event_about(purchase))
    leaver.delete()
    assert leaver.hear(event_payload("refund.created", refund_object(purchase, amount=1950))) == 200
    assert leaver.hear(event_payload("refund.updated", refund_object(purchase, amount=1950, status=status))) == 200
    assert leaver.row.credits == (-250 if status == "succeeded" else 0)
    assert verify(session) == []


def sync(session: Session) -> list[str]:
    session.rollback()
    return [each.outcome for each in sync_customers(session, get_stripe(), list_users_to_sync(session))]


def test_the_customer_is_deleted_later_when_stripe_is_away(leaver: Leaver, session: Session) -> None:
    leaver.stripe.arm(DELETE_CUSTOMER, "500", count=100)
    assert leaver.delete().status_code == 303
    assert leaver.row.stripe_customer_id == leaver.customer_id
    assert sync(session) == ["failed"]
    leaver.stripe.reset()
    assert sync(session) == ["deleted"]
    assert sync(session) == []
    assert leaver.stripe.get(f"/v1/customers/{leaver.customer_id}")["deleted"] is True
    row = leaver.row
    assert (row.stripe_customer_id, row.stripe_customer_email, row.stripe_customer_requested_at) == (None, None, None)


def test_a_customer_that_stripe_has_deleted_before_is_no_trouble(leaver: Leaver, session: Session) -> None:
    leaver.stripe.delete(f"/v1/customers/{leaver.customer_id}")
    assert leaver.delete().status_code == 303
    assert sync(session) == []
    gone = {"id": leaver.customer_id, "object": "customer"}
    assert leaver.hear(event_payload("customer.deleted", gone)) == 200
    assert sync(session) == []


def test_a_customer_whose_answer_was_lost_is_found_and_deleted(leaver: Leaver, session: Session) -> None:
    session.execute(
        update(User).values(
            stripe_customer_id=None, stripe_customer_requested_at=utc_now(), stripe_customer_email=leaver.email
        )
    )
    session.commit()
    leaver.delete()
    assert sync(session) == ["deleted"]  # not yet: the call may be on its way
    assert len(leaver.stripe.list_customers(leaver.email)) == 1
    session.execute(update(User).values(stripe_customer_requested_at=utc_now() - timedelta(minutes=2)))
    session.commit()
    sync(session)
    assert leaver.stripe.list_customers(leaver.email) == []
    assert sync(session) == []


Act = Callable[[Leaver, Any, str], int]


def buy(_leaver: Leaver, client: Any, token: str) -> int:
    data = {"csrf_token": token, "package_id": "growth"}
    status: int = client.post("/api/credits/checkout", data=data).status_code
    return status


def log_in(leaver: Leaver, client: Any, token: str) -> int:
    data = {"csrf_token": token, "email": leaver.email, "password": PASSWORD}
    status: int = client.post("/login", data=data).status_code
    return status


def make_key(_leaver: Leaver, client: Any, token: str) -> int:
    data = {"csrf_token": token, "name": "x", "scope": "spend"}
    status: int = client.post("/dashboard/api-keys", data=data).status_code
    return status


def use_feature(_leaver: Leaver, client: Any, token: str) -> int:
    status: int = client.post("/features/qr-codes", data={"csrf_token": token, "text": "x"}).status_code
    return status


@pytest.mark.parametrize("engine_name", ["postgresql"])  # SQLite lets one write at a time
def test_what_begins_at_the_same_moment_leaves_nothing_behind(leaver: Leaver, app: Flask, session: Session) -> None:
    leaver.give(100)
    acts: list[Act] = [buy, log_in, make_key, use_feature, buy, use_feature]
    token, cookie = leaver.visitor.csrf_token(), leaver.visitor.client.get_cookie("session")
    clients = [app.test_client() for _ in acts]
    for client in clients:
        client.set_cookie("session", cookie.value if cookie else "")
    with ThreadPoolExecutor(8) as pool:
        busy = [pool.submit(act, leaver, client, token) for act, client in zip(acts, clients, strict=True)]
        deleting = pool.submit(
            leaver.visitor.client.post, f"{PAGE}/delete", data={"csrf_token": token, "confirm": leaver.email}
        )
        assert all(each.result() < 500 for each in busy)
        assert deleting.result().status_code in (303, 409)
    for _ in range(3):
        leaver.is_gone or leaver.delete()
    assert leaver.is_gone
    sync(session)
    row = leaver.row
    assert (row.credits, row.credits_held, row.stripe_customer_id) == (0, 0, None)
    session.rollback()
    open_purchases = select(Purchase.id).where(Purchase.user_id == leaver.user_id, Purchase.status == "pending")
    assert session.scalars(open_purchases).all() == []
    keys = text("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL")
    assert session.scalar(keys) == 0
    assert verify(session) == []

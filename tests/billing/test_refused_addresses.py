"""An address that Stripe refuses keeps nobody from buying: the customer is made without one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.auth.accounts import change_email, create_user
from payapp.auth.models import User
from payapp.billing.customer_sync import list_users_to_sync
from payapp.billing.customers import ensure_customer, forget_customer, push_email
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import StripeUnavailableError
from payapp.web.services import get_stripe
from tests.factories import make_user
from tests.people import Visitor
from tests.stand_in import CREATE_CUSTOMER, StandIn


def reload(session: Session, user: User) -> User:
    session.rollback()
    session.refresh(user)
    session.rollback()
    return user


@pytest.fixture
def user(stripe: StandIn, session: Session) -> User:
    return make_user(session, email=f"{uuid4().hex}.jos\u00e9@example.com", stripe_customer_id=None)


def test_the_customer_is_made_without_it(stripe: StandIn, session: Session, service: StripeService, user: User) -> None:
    customer_id = ensure_customer(session, service, user.id)
    customer = stripe.get(f"/v1/customers/{customer_id}")
    assert (customer["email"], customer["metadata"]["userId"]) == (None, str(user.id))
    assert ensure_customer(session, service, user.id) == customer_id
    assert len(stripe.list_requests(CREATE_CUSTOMER)) == 2  # the refused one, and this


def test_it_is_not_sent_again(stripe: StandIn, session: Session, service: StripeService, user: User) -> None:
    ensure_customer(session, service, user.id)
    assert list_users_to_sync(session) == []
    assert not push_email(session, service, user.id)
    forget_customer(session, str(reload(session, user).stripe_customer_id))
    session.commit()
    ensure_customer(session, service, user.id)
    assert len(stripe.list_requests(CREATE_CUSTOMER)) == 3


def test_a_lost_answer_still_makes_one_customer(
    stripe: StandIn, session: Session, service: StripeService, user: User
) -> None:
    user.stripe_refused_email = user.email
    session.commit()
    stripe.arm(CREATE_CUSTOMER, "reset", when="after", count=2)
    with pytest.raises(StripeUnavailableError):
        ensure_customer(session, service, user.id)
    assert reload(session, user).stripe_customer_id is None
    stripe.forget_keys()
    user.stripe_customer_requested_at = utc_now() - timedelta(hours=24)
    session.commit()
    customer_id = ensure_customer(session, service, user.id)
    user_key = user.stripe_customer_key
    newest = stripe.get("/v1/customers", limit="100")["data"]
    assert [one["id"] for one in newest if one["metadata"].get("userKey") == user_key] == [customer_id]


def test_two_who_race_get_the_same_customer(stripe: StandIn, app: Flask, session: Session, user: User) -> None:
    user_id = user.id
    session.commit()
    with ThreadPoolExecutor(4) as executor:
        answers = set(executor.map(lambda _: ask_patiently(app, user_id), range(8)))
    assert len(answers) == 1
    assert reload(session, user).stripe_customer_id in answers


def test_a_better_one_is_sent(stripe: StandIn, session: Session, service: StripeService, user: User) -> None:
    customer_id, good = ensure_customer(session, service, user.id), f"{uuid4().hex}@example.com"
    change_email(session, user.id, good)
    session.commit()
    assert list_users_to_sync(session) == [user.id]
    assert push_email(session, service, user.id)
    assert stripe.get(f"/v1/customers/{customer_id}")["email"] == good
    assert list_users_to_sync(session) == []


def test_a_domain_in_its_own_letters_is_no_such(stripe: StandIn, session: Session, service: StripeService) -> None:
    user = create_user(session, f"{uuid4().hex}@b\u00fccher.example", "a password")
    session.commit()
    customer_id = ensure_customer(session, service, user.id)
    assert stripe.get(f"/v1/customers/{customer_id}")["email"] == user.email


def test_they_can_buy(stripe: StandIn, visitor: Visitor) -> None:
    assert visitor.sign_up(f"{uuid4().hex}.jos\u00e9@example.com").status_code == 303
    answer = visitor.submit("/api/credits/checkout", package_id="starter")
    assert answer.status_code == 303
    assert answer.location.startswith(stripe.url)


def ask_patiently(app: Flask, user_id: int) -> str:
    """Press the button again while Stripe says that the same key is still running."""
    with app.app_context():
        while True:
            try:
                return ensure_customer(db.session(), get_stripe(), user_id)
            except StripeUnavailableError:
                db.session.rollback()

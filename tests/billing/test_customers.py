"""ensure_customer(): one Stripe customer a user, whatever goes wrong on the way."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from payapp.auth.accounts import change_email
from payapp.auth.models import User
from payapp.billing.customers import ensure_customer, forget_customer, push_email
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import BurntKeyError, StripeRefusedError, StripeUnavailableError
from payapp.web.services import get_stripe
from tests.billing.conftest import DieAfterStripe
from tests.factories import make_user
from tests.stand_in import CREATE_CUSTOMER, StandIn


def reload(session: Session, user: User) -> User:
    session.rollback()
    session.refresh(user)
    session.rollback()
    return user


def test_it_works(stripe: StandIn, session: Session, service: StripeService, user: User) -> None:
    customer_id = ensure_customer(session, service, user.id)
    [customer] = stripe.list_customers(user.email)
    assert customer["id"] == customer_id == reload(session, user).stripe_customer_id
    assert customer["metadata"] == {"userId": str(user.id), "userKey": user.stripe_customer_key, "app": "payapp"}


def test_it_asks_stripe_once(stripe: StandIn, session: Session, service: StripeService, user: User) -> None:
    noise = make_user(session, stripe_customer_id=None)
    first = ensure_customer(session, service, user.id)
    assert ensure_customer(session, service, user.id) == first
    assert len(stripe.list_requests(CREATE_CUSTOMER)) == 1
    assert reload(session, noise).stripe_customer_id is None


def test_it_keeps_a_customer_that_is_known(stripe: StandIn, session: Session, service: StripeService) -> None:
    user = make_user(session, stripe_customer_id="cus_known")
    assert ensure_customer(session, service, user.id) == "cus_known"
    assert stripe.list_requests(CREATE_CUSTOMER) == []


def test_it_never_links_a_strangers_customer(
    stripe: StandIn, session: Session, service: StripeService, user: User
) -> None:
    stranger = stripe.post("/v1/customers", email=user.email, **{"metadata[userId]": str(user.id)})
    user.stripe_customer_requested_at = utc_now() - timedelta(days=3)
    session.commit()
    assert ensure_customer(session, service, user.id) != stranger["id"]


@pytest.mark.parametrize("fault", ["500", "502", "429", "reset", "refused"])
def test_it_raises_when_stripe_gives_no_clear_answer_and_works_later(
    stripe: StandIn, session: Session, service: StripeService, user: User, fault: str
) -> None:
    stripe.arm(CREATE_CUSTOMER, fault, count=100)
    with pytest.raises(StripeUnavailableError):
        ensure_customer(session, service, user.id)
    session.rollback()
    stripe.reset()
    customer_id = ensure_customer(session, service, user.id)
    assert [customer["id"] for customer in stripe.list_customers(user.email)] == [customer_id]


@pytest.mark.parametrize("fault", ["500", "reset"])
def test_it_takes_up_the_customer_whose_answer_was_lost(
    stripe: StandIn, session: Session, service: StripeService, user: User, fault: str
) -> None:
    stripe.arm(CREATE_CUSTOMER, fault, when="after", count=2)
    with pytest.raises(StripeUnavailableError):
        ensure_customer(session, service, user.id)
    session.rollback()
    customer_id = ensure_customer(session, service, user.id)
    assert [customer["id"] for customer in stripe.list_customers(user.email)] == [customer_id]


def test_it_raises_when_stripe_refuses(
    stripe: StandIn, session: Session, service: StripeService, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payapp.stripe_service.customers.APP_STAMP", "x" * 501)
    with pytest.raises(StripeRefusedError):
        ensure_customer(session, service, user.id)


def test_it_survives_a_crash_between_stripes_answer_and_our_commit(
    stripe: StandIn, session: Session, service: StripeService, user: User, die_after_stripe: DieAfterStripe
) -> None:
    die_after_stripe("customer", user.id)
    assert reload(session, user).stripe_customer_id is None
    [orphan] = stripe.list_customers(user.email)
    assert ensure_customer(session, service, user.id) == orphan["id"]
    assert len(stripe.list_customers(user.email)) == 1


def test_it_survives_a_crash_also_when_the_key_is_forgotten(
    stripe: StandIn, session: Session, service: StripeService, user: User, die_after_stripe: DieAfterStripe
) -> None:
    die_after_stripe("customer", user.id)
    stripe.forget_keys()
    reload(session, user).stripe_customer_requested_at = utc_now() - timedelta(hours=24)
    session.commit()
    [orphan] = stripe.list_customers(user.email)
    assert ensure_customer(session, service, user.id) == orphan["id"]
    assert len(stripe.list_customers(user.email)) == 1


def test_it_finds_its_customer_among_many_with_the_same_address(
    stripe: StandIn, session: Session, service: StripeService, user: User
) -> None:
    service.create_customer(user.email, user.id, user.stripe_customer_key, f"another:{user.email}")
    mine = stripe.list_customers(user.email)[0]["id"]
    for number in range(120):  # more than a page of Stripe's
        stripe.post("/v1/customers", email=user.email, name=f"stranger {number}")
    user.stripe_customer_requested_at = utc_now() - timedelta(days=2)
    session.commit()
    assert ensure_customer(session, service, user.id) == mine


def test_it_looks_for_the_customer_when_stripe_repeats_a_failure(
    stripe: StandIn, session: Session, service: StripeService, user: User
) -> None:
    service.create_customer(user.email, user.id, user.stripe_customer_key, user.stripe_customer_key)
    stripe.keep_failure(user.stripe_customer_key)
    [orphan] = stripe.list_customers(user.email)
    assert ensure_customer(session, service, user.id) == orphan["id"]


def test_it_uses_another_key_when_stripe_repeats_a_failure_and_made_nothing(
    stripe: StandIn, session: Session, service: StripeService, user: User
) -> None:
    service.create_customer("other@example.com", user.id, "other key", user.stripe_customer_key)
    stripe.keep_failure(user.stripe_customer_key)
    session.commit()
    first_key = user.stripe_customer_key
    for number in (2, 3):
        with pytest.raises(BurntKeyError):
            ensure_customer(session, service, user.id)
        assert reload(session, user).stripe_customer_key == f"{first_key}:{number}"
        if number == 2:
            service.create_customer("other@example.com", user.id, "other key", user.stripe_customer_key)
            stripe.keep_failure(user.stripe_customer_key)
    ensure_customer(session, service, user.id)
    [customer] = stripe.list_customers(user.email)
    assert customer["metadata"]["userKey"] == first_key


def lose_answer(stripe: StandIn, session: Session, service: StripeService, user: User) -> str:
    """Have Stripe make a customer whose id nobody gets to know; return that id."""
    stripe.arm(CREATE_CUSTOMER, "reset", when="after", count=2)
    with pytest.raises(StripeUnavailableError):
        ensure_customer(session, service, user.id)
    [orphan] = stripe.list_customers(user.email)
    session.rollback()
    return str(orphan["id"])


@pytest.mark.parametrize("is_forgotten", [False, True], ids=["remembered", "forgotten"])
def test_a_lost_answer_and_a_changed_address_still_make_one_customer(
    stripe: StandIn, session: Session, service: StripeService, user: User, is_forgotten: bool
) -> None:
    orphan, old = lose_answer(stripe, session, service, user), user.email
    new = f"new.{old}"
    change_email(session, user.id, new)
    session.commit()
    if is_forgotten:
        stripe.forget_keys()
        user.stripe_customer_requested_at = utc_now() - timedelta(hours=25)
        session.commit()
    assert ensure_customer(session, service, user.id) == orphan
    assert push_email(session, service, user.id)
    assert [customer["id"] for customer in stripe.list_customers(new)] == [orphan]
    assert stripe.list_customers(old) == []


def test_it_holds_no_connection_while_stripe_works(stripe: StandIn, app: Flask, session: Session, user: User) -> None:
    user_id = user.id
    session.commit()
    assert isinstance(db.engine.pool, QueuePool)
    pool = db.engine.pool
    stripe.arm(CREATE_CUSTOMER, "timeout", seconds=1)
    with asking_in_another_thread(app, user_id) as answer:
        stripe.wait_for_request(CREATE_CUSTOMER)
        assert pool.checkedout() == 0
        make_user(session)  # and nobody waits for a lock
        session.commit()
        assert not answer.done()
        assert answer.result(timeout=10).startswith("cus_")


@contextmanager
def asking_in_another_thread(app: Flask, user_id: int) -> Iterator["Future[str]"]:
    def ask() -> str:
        with app.app_context():
            return ensure_customer(db.session(), get_stripe(), user_id)

    with ThreadPoolExecutor(1) as executor:
        yield executor.submit(ask)


def test_two_who_race_get_the_same_customer(stripe: StandIn, app: Flask, session: Session, user: User) -> None:
    user_id, email = user.id, user.email
    session.commit()

    def ask(_: int) -> str:
        with app.app_context():
            try:
                return ensure_customer(db.session(), get_stripe(), user_id)
            except StripeUnavailableError:  # "the same key is still running": the next click helps
                db.session.rollback()
                return ensure_customer(db.session(), get_stripe(), user_id)

    with ThreadPoolExecutor(8) as executor:
        answers = set(executor.map(ask, range(16)))
    assert answers == {customer["id"] for customer in stripe.list_customers(email)}
    assert len(answers) == 1


class TestForgetting:
    def test_the_next_customer_is_a_new_one(
        self, stripe: StandIn, session: Session, service: StripeService, user: User
    ) -> None:
        old = ensure_customer(session, service, user.id)
        stripe.delete(f"/v1/customers/{old}")
        assert forget_customer(session, old)
        session.commit()
        new = ensure_customer(session, service, user.id)
        assert new != old
        assert [customer["id"] for customer in stripe.list_customers(user.email)] == [new]
        assert not forget_customer(session, old)  # told once more, or late
        assert reload(session, user).stripe_customer_id == new

    def test_a_strangers_customer_changes_nothing(self, session: Session) -> None:
        user = make_user(session, stripe_customer_id="cus_known")
        assert not forget_customer(session, "cus_of_somebody_else")
        session.commit()
        assert reload(session, user).stripe_customer_id == "cus_known"

    def test_an_answer_that_comes_after_the_deletion_links_nobody(
        self, stripe: StandIn, session: Session, service: StripeService, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two ask at once; the one whose answer is late must not save the customer that was deleted since."""
        create, user_id = service.create_customer, user.id

        def create_and_lose(*args: Any, **kwargs: Any) -> str:
            customer_id = create(*args, **kwargs)
            monkeypatch.undo()
            assert ensure_customer(session, service, user_id) == customer_id  # the other one
            stripe.delete(f"/v1/customers/{customer_id}")
            assert forget_customer(session, customer_id)
            session.commit()
            return customer_id

        monkeypatch.setattr(service, "create_customer", create_and_lose)
        with pytest.raises(StripeUnavailableError, match="was deleted"):
            ensure_customer(session, service, user_id)
        assert reload(session, user).stripe_customer_id is None
        assert stripe.get(f"/v1/customers/{ensure_customer(session, service, user_id)}")["email"] == user.email

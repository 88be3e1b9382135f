"""sync_customers() and push_email(): every user's customer, with the user's address of today."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from payapp.auth.accounts import change_email
from payapp.auth.models import User
from payapp.billing.customer_sync import list_users_to_sync, sync_customers
from payapp.billing.customers import ensure_customer, push_email
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.stripe_service import StripeService
from payapp.stripe_types.objects import StripeRefusedError, StripeUnavailableError
from payapp.web.services import get_stripe
from tests.billing.conftest import DieAfterStripe
from tests.factories import make_user
from tests.stand_in import CREATE_CUSTOMER, StandIn
from tests.warm import WarmProgram

UPDATE_CUSTOMER = "POST /v1/customers/{customer_id}"


@pytest.fixture
def customer_id(session: Session, service: StripeService, user: User) -> str:
    """The customer that Stripe has for `user`."""
    return ensure_customer(session, service, user.id)


def change(session: Session, user: User) -> str:
    """Give the user a new address, and return it."""
    new = f"{uuid4().hex}@example.com"
    change_email(session, user.id, new)
    session.commit()
    return new


def email_at_stripe(stripe: StandIn, customer_id: str) -> str:
    return str(stripe.get(f"/v1/customers/{customer_id}")["email"])


def count_pushes(stripe: StandIn, customer_id: str) -> int:
    return len(stripe.list_requests(f"POST /v1/customers/{customer_id}"))


def saved(session: Session, user: User) -> tuple[str | None, str | None]:
    session.rollback()
    session.refresh(user)
    found = user.stripe_customer_id, user.stripe_customer_email
    session.rollback()
    return found


def let_a_minute_pass(session: Session, user: User) -> None:
    session.rollback()
    session.refresh(user)
    user.stripe_customer_requested_at = utc_now() - timedelta(seconds=61)
    session.commit()


class TestPushing:
    def test_it_works(
        self, stripe: StandIn, session: Session, service: StripeService, user: User, customer_id: str
    ) -> None:
        new = change(session, user)
        assert list_users_to_sync(session) == [user.id]
        assert push_email(session, service, user.id)
        assert email_at_stripe(stripe, customer_id) == new
        assert saved(session, user) == (customer_id, new)
        assert list_users_to_sync(session) == []

    def test_it_asks_nothing_when_nothing_changed(
        self, stripe: StandIn, session: Session, service: StripeService, user: User, customer_id: str
    ) -> None:
        make_user(session, stripe_customer_id="cus_noise")
        assert list_users_to_sync(session) == []
        assert not push_email(session, service, user.id)
        assert count_pushes(stripe, customer_id) == 0

    def test_it_leaves_alone_what_else_the_dashboard_has_changed(
        self, stripe: StandIn, session: Session, service: StripeService, user: User, customer_id: str
    ) -> None:
        stripe.post(f"/v1/customers/{customer_id}", name="Ada", email="dashboard@example.com")
        assert list_users_to_sync(session) == []  # what is done in the dashboard never comes to us
        new = change(session, user)
        push_email(session, service, user.id)
        customer = stripe.get(f"/v1/customers/{customer_id}")
        assert (customer["name"], customer["email"]) == ("Ada", new)
        assert customer["metadata"]["userId"] == str(user.id)

    def test_there_and_back_again(
        self, stripe: StandIn, session: Session, service: StripeService, user: User, customer_id: str
    ) -> None:
        addresses = [user.email, f"{uuid4().hex}@example.com"]
        for number in (1, 0, 1, 0):
            change_email(session, user.id, addresses[number])
            session.commit()
            assert push_email(session, service, user.id)
            assert email_at_stripe(stripe, customer_id) == addresses[number]

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("fault", ["500", "reset"])
    def test_an_unclear_answer_is_followed_up_a_minute_later(
        self,
        stripe: StandIn,
        session: Session,
        service: StripeService,
        user: User,
        customer_id: str,
        fault: str,
        when: str,
    ) -> None:
        new = change(session, user)
        stripe.arm(UPDATE_CUSTOMER, fault, when=when, count=2)
        with pytest.raises(StripeUnavailableError):
            push_email(session, service, user.id)
        assert not push_email(session, service, user.id)  # the first may still be on its way
        assert list_users_to_sync(session) == [user.id]
        let_a_minute_pass(session, user)
        assert push_email(session, service, user.id)
        assert email_at_stripe(stripe, customer_id) == new
        assert list_users_to_sync(session) == []

    def test_it_survives_a_crash_between_stripes_answer_and_our_commit(
        self,
        stripe: StandIn,
        session: Session,
        service: StripeService,
        user: User,
        customer_id: str,
        die_after_stripe: DieAfterStripe,
    ) -> None:
        change(session, user)
        die_after_stripe("email", user.id)
        newest = change(session, user)
        let_a_minute_pass(session, user)
        assert push_email(session, service, user.id)
        assert email_at_stripe(stripe, customer_id) == newest
        assert saved(session, user) == (customer_id, newest)

    def test_a_refused_address_can_be_corrected_at_once(
        self, stripe: StandIn, session: Session, service: StripeService, user: User, customer_id: str
    ) -> None:
        old = user.email
        change_email(session, user.id, "not an address")
        session.commit()
        with pytest.raises(StripeRefusedError):
            push_email(session, service, user.id)
        assert email_at_stripe(stripe, customer_id) == old
        assert list_users_to_sync(session) == []  # it would be refused again
        assert not push_email(session, service, user.id)
        new = change(session, user)
        assert push_email(session, service, user.id)
        assert email_at_stripe(stripe, customer_id) == new

    def test_a_change_while_the_first_is_under_way_ends_with_the_last(
        self, stripe: StandIn, app: Flask, session: Session, service: StripeService, user: User, customer_id: str
    ) -> None:
        change(session, user)
        user_id = user.id
        session.rollback()
        stripe.arm(UPDATE_CUSTOMER, "timeout", seconds=1)

        def push() -> bool:
            with app.app_context():
                return push_email(db.session(), get_stripe(), user_id)

        with ThreadPoolExecutor(1) as executor:
            slow = executor.submit(push)
            stripe.wait_for_request(f"POST /v1/customers/{customer_id}")
            last = change(session, user)
            assert not push_email(session, service, user_id)  # it could overtake the first
            assert slow.result(timeout=10)
        assert list_users_to_sync(session) == [user_id]
        assert push_email(session, service, user_id)
        assert email_at_stripe(stripe, customer_id) == last


class TestSync:
    def test_it_names_who_failed_and_goes_on(self, stripe: StandIn, session: Session, service: StripeService) -> None:
        customer_id = stripe.post("/v1/customers", email="old@example.com")["id"]
        wrong = make_user(
            session,
            email="jos\u00e9@example.com",
            stripe_customer_id=customer_id,
            stripe_customer_email="old@example.com",
        )
        right = make_user(session, stripe_customer_id=None)
        make_user(session, stripe_customer_id="cus_known")
        assert list_users_to_sync(session) == [wrong.id, right.id]
        first, second = sync_customers(session, service, [wrong.id, right.id])
        assert (first.user_id, first.outcome, first.stripe_customer_id) == (wrong.id, "failed", None)
        assert "Invalid email address" in (first.error or "")
        assert (second.user_id, second.outcome, second.error) == (right.id, "made", None)
        assert list_users_to_sync(session) == []  # once is enough

    def test_it_stops_when_nobody_answers(self, stripe: StandIn, session: Session, service: StripeService) -> None:
        ids = [make_user(session, stripe_customer_id=None).id for _ in range(5)]
        stripe.arm(CREATE_CUSTOMER, "reset", count=100)
        assert [result.user_id for result in sync_customers(session, service, ids)] == ids[:3]
        stripe.reset()
        assert [result.error for result in sync_customers(session, service, ids)] == [None] * 5

    def test_a_customer_that_was_deleted_is_made_anew(
        self, stripe: StandIn, session: Session, service: StripeService, user: User, customer_id: str
    ) -> None:
        stripe.delete(f"/v1/customers/{customer_id}")
        new = change(session, user)
        [result] = sync_customers(session, service, [user.id])
        [customer] = stripe.list_customers(new)
        assert (result.outcome, result.stripe_customer_id) == ("made", customer["id"])
        assert saved(session, user) == (customer["id"], new)

    def test_a_customer_made_with_an_old_address_is_given_the_new_one(
        self, stripe: StandIn, session: Session, service: StripeService, user: User
    ) -> None:
        stripe.arm(CREATE_CUSTOMER, "reset", when="after", count=2)
        assert [result.outcome for result in sync_customers(session, service, [user.id])] == ["failed"]
        old, new = user.email, change(session, user)
        [orphan] = stripe.list_customers(old)
        [result] = sync_customers(session, service, [user.id])
        assert (result.outcome, result.stripe_customer_id) == ("made", orphan["id"])
        assert email_at_stripe(stripe, orphan["id"]) == new

    def test_two_processes_at_once_push_once(
        self, stripe: StandIn, session: Session, settings: dict[str, str], user: User, customer_id: str
    ) -> None:
        new = change(session, user)
        session.rollback()
        stripe.arm(UPDATE_CUSTOMER, "timeout", seconds=3)
        logs = [Path(settings["PAYAPP_INSTANCE_PATH"]) / f"sync_{number}.log" for number in range(2)]
        environment = {**os.environ, **settings}
        racing = [WarmProgram("flask", ["users", "sync-customers"], environment, log) for log in logs]
        assert [process.wait(60) for process in racing] == [0, 0]
        printed = [log.read_text() for log in logs]
        assert sorted("1 addresses pushed" in text for text in printed) == [False, True]
        assert count_pushes(stripe, customer_id) == 1
        assert email_at_stripe(stripe, customer_id) == new
        assert saved(session, user) == (customer_id, new)

"""billing.fulfillment: what counts as paid, what closes a purchase, and what comes after."""

from itertools import product
from typing import Any

import pytest
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.checkout.fulfillment import expire_checkout, fail_checkout
from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase
from tests.billing.fulfilling import fulfill, posted_of, quarantines, read
from tests.factories import make_purchase, make_user

IMPOSSIBLE_STATES = [
    ("open", "paid"),
    ("expired", "paid"),
    ("complete", "no_payment_required"),  # no row allows that yet
    ("complete", "a_state_of_tomorrow"),
    ("a_state_of_tomorrow", "unpaid"),
]


@pytest.fixture
def user(session: Session) -> User:
    """The buyer, with some credits already."""
    return make_user(session, credits=7)


@pytest.fixture
def purchase(session: Session, user: User) -> Purchase:
    return make_purchase(session, user)


# ---- what paid means


def test_completed_and_unpaid_waits(session: Session, purchase: Purchase) -> None:
    assert fulfill(session, purchase, payment_status="unpaid") == "waiting"
    assert (purchase.status, posted_of(session, purchase)) == ("pending", 7)
    assert purchase.completed_at is not None
    assert purchase.stripe_payment_intent_id == f"pi_test_{purchase.id}"


def test_the_payment_that_was_waited_for_is_granted(session: Session, purchase: Purchase) -> None:
    fulfill(session, purchase, payment_status="unpaid")
    completed_at = purchase.completed_at
    assert fulfill(session, purchase) == "granted"
    assert (purchase.status, purchase.completed_at) == ("fulfilled", completed_at)


def test_unpaid_changes_nothing_after_the_grant(session: Session, purchase: Purchase) -> None:
    fulfill(session, purchase)
    assert fulfill(session, purchase, payment_status="unpaid", payment_intent=None) == "waiting"
    assert (purchase.status, purchase.stripe_payment_intent_id) == ("fulfilled", f"pi_test_{purchase.id}")


def test_a_session_that_is_not_complete_waits(session: Session, purchase: Purchase) -> None:
    for status in ("open", "expired"):
        assert fulfill(session, purchase, status=status, payment_status="unpaid", payment_intent=None) == "waiting"
        assert purchase.completed_at is None
        assert purchase.status == "pending"


def test_a_state_that_can_not_be_is_quarantined(session: Session, purchase: Purchase) -> None:
    for status, payment_status in IMPOSSIBLE_STATES:
        assert quarantines(session, purchase, status=status, payment_status=payment_status), (status, payment_status)


# ---- closing


def test_a_failed_payment_closes_the_purchase(session: Session, purchase: Purchase) -> None:
    assert fail_checkout(session, read(purchase, payment_status="unpaid"))
    session.commit()
    assert (purchase.status, posted_of(session, purchase)) == ("failed", 7)


def test_an_expired_session_closes_the_purchase(session: Session, purchase: Purchase) -> None:
    assert expire_checkout(session, read(purchase, status="expired", payment_status="unpaid"))
    session.commit()
    assert (purchase.status, posted_of(session, purchase)) == ("expired", 7)


def test_a_closed_purchase_makes_room_for_a_new_one(session: Session, user: User, purchase: Purchase) -> None:
    expire_checkout(session, read(purchase, status="expired", payment_status="unpaid"))
    session.commit()
    assert make_purchase(session, user).id != purchase.id  # else the index of open checkouts refuses it


@pytest.mark.parametrize("close", [fail_checkout, expire_checkout])
def test_a_later_proof_of_payment_still_grants(session: Session, purchase: Purchase, close: Any) -> None:
    close(session, read(purchase, payment_status="unpaid"))
    session.commit()
    assert fulfill(session, purchase) == "granted"
    assert (purchase.status, posted_of(session, purchase)) == ("fulfilled", 507)


@pytest.mark.parametrize("close", [fail_checkout, expire_checkout])
def test_closing_does_not_undo_a_grant(session: Session, purchase: Purchase, close: Any) -> None:
    fulfill(session, purchase)
    assert close(session, read(purchase, payment_status="unpaid"))
    session.commit()
    assert (purchase.status, posted_of(session, purchase)) == ("fulfilled", 507)


@pytest.mark.parametrize("close", [fail_checkout, expire_checkout])
def test_closing_saves_the_session_s_id(session: Session, purchase: Purchase, close: Any) -> None:
    purchase.stripe_checkout_session_id = None
    session.commit()
    assert close(session, read(purchase, id="cs_test_never_saved", payment_status="unpaid"))
    session.commit()
    assert purchase.stripe_checkout_session_id == "cs_test_never_saved"


def test_closing_by_a_session_that_does_not_agree_is_quarantined(session: Session, purchase: Purchase) -> None:
    wrong: list[dict[str, Any]] = [
        {"payment_status": "paid"},
        {"payment_status": "unpaid", "amount_total": 1},
        {"customer": "cus_other"},
    ]
    for close, fields in product((fail_checkout, expire_checkout), wrong):
        with pytest.raises(QuarantineError):
            close(session, read(purchase, **fields))
        session.rollback()
    assert purchase.status == "pending"

"""billing.rebuilding: a paid session of ours whose purchase row is missing, as after a restored backup."""

from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.checkout.fulfillment import fulfill_checkout
from payapp.billing.checkout.rebuilding import read_id
from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance
from payapp.ledger.posting import grant
from payapp.ledger.verification import verify
from payapp.stripe_types.objects import CheckoutSession
from tests.factories import checkout_session_object, make_purchase, make_user

# What is changed about a true session; `metadata.x` reaches inside, and None removes it there.
DISAGREEMENTS: list[dict[str, Any]] = [
    {"amount_total": 3899},
    {"amount_total": None},
    {"amount_total": 900},
    {"currency": "eur"},
    {"currency": None},
    {"customer": None},
    {"customer": "cus_of_nobody"},
    {"mode": "subscription"},
    {"metadata.app": None},
    {"metadata.app": "another"},
    {"metadata.userId": None},
    {"metadata.userId": ""},
    {"metadata.userId": "x"},
    {"metadata.userId": "-1"},
    {"metadata.userId": "999999999999999999"},
    {"metadata.userId": "9" * 500},
    {"metadata.userId": "²"},
    {"metadata.packageId": None},
    {"metadata.packageId": "of_last_year"},
    {"metadata.packageId": "pro"},
    {"metadata.packageId": "pro", "metadata.credits": "1500"},
    {"metadata.credits": None},
    {"metadata.credits": "501"},
    {"metadata.credits": "500.0"},
    {"metadata.credits": "1000000000"},
]


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session)


@pytest.fixture
def lost(session: Session, user: User) -> dict[str, Any]:
    """The session of a purchase whose row is gone."""
    make_purchase(session, make_user(session))
    purchase = make_purchase(session, user)
    source = checkout_session_object(purchase)
    session.execute(delete(Purchase).where(Purchase.id == purchase.id))
    session.commit()
    return source


def fulfill(session: Session, source: dict[str, Any], **fields: Any) -> str:
    outcome = fulfill_checkout(session, CheckoutSession.from_object(source | fields))
    session.commit()
    return outcome


def quarantines(session: Session, source: dict[str, Any]) -> bool:
    """Whether the session is refused."""
    try:
        fulfill_checkout(session, CheckoutSession.from_object(source))
    except QuarantineError:
        return True
    finally:
        session.rollback()
    return False


def test_it_works(session: Session, user: User, lost: dict[str, Any]) -> None:
    assert fulfill(session, lost) == "granted"
    row = session.execute(select(Purchase).where(Purchase.stripe_checkout_session_id == lost["id"])).scalar_one()
    assert (row.user_id, row.package_id, row.credits, row.status) == (user.id, "growth", 500, "fulfilled")
    assert (row.amount_total, row.currency, row.livemode) == (3900, "usd", False)
    assert row.stripe_customer_id == user.stripe_customer_id
    assert get_balance(session, user.id).posted == 500
    assert verify(session) == []


def test_it_rebuilds_once(session: Session, user: User, lost: dict[str, Any]) -> None:
    assert [fulfill(session, lost) for _ in range(3)] == ["granted", "already_granted", "already_granted"]
    assert get_balance(session, user.id).posted == 500


def test_it_takes_a_new_id_when_the_old_one_was_given_to_another_purchase(
    session: Session, user: User, lost: dict[str, Any]
) -> None:
    taken = make_purchase(session, make_user(session), id=int(lost["metadata"]["purchaseId"]))
    assert fulfill(session, lost) == "granted"
    assert (taken.status, get_balance(session, taken.user_id).posted) == ("pending", 0)
    assert get_balance(session, user.id).posted == 500


def test_it_does_not_need_the_old_purchase_id(session: Session, user: User, lost: dict[str, Any]) -> None:
    purchase_ids = [None, "", "x", "-1", "9" * 40, "0", "1.5"]
    for number, purchase_id in enumerate(purchase_ids):
        source = _change(lost, {"metadata.purchaseId": purchase_id})
        assert fulfill(session, source, id=f"cs_test_lost{number}", payment_intent=f"pi_lost{number}") == "granted"
    assert get_balance(session, user.id).posted == 500 * len(purchase_ids)


def test_an_unpaid_session_is_rebuilt_and_waits(session: Session, user: User, lost: dict[str, Any]) -> None:
    assert fulfill(session, lost, payment_status="unpaid") == "waiting"
    assert get_balance(session, user.id).posted == 0
    make_purchase(session, user)  # it does not stand in the way of a new one
    assert fulfill(session, lost) == "granted"


def test_anything_that_does_not_agree_is_quarantined(session: Session, user: User, lost: dict[str, Any]) -> None:
    for fields in DISAGREEMENTS:
        assert quarantines(session, _change(lost, fields)), f"believed {fields}"
    assert get_balance(session, user.id).posted == 0
    assert session.scalars(select(Purchase).where(Purchase.stripe_checkout_session_id == lost["id"])).all() == []
    assert fulfill(session, lost) == "granted", "the true session still counts"


def test_the_customer_of_another_user_is_quarantined(session: Session, user: User, lost: dict[str, Any]) -> None:
    other = make_user(session)
    for fields in ({"customer": other.stripe_customer_id}, {"metadata": lost["metadata"] | {"userId": str(other.id)}}):
        with pytest.raises(QuarantineError):
            fulfill(session, lost, **fields)
        session.rollback()
    assert (get_balance(session, user.id).posted, get_balance(session, other.id).posted) == (0, 0)


def test_a_user_without_a_customer_is_quarantined(session: Session, lost: dict[str, Any]) -> None:
    """No customer on both sides is no agreement."""
    newcomer = make_user(session, stripe_customer_id=None)
    with pytest.raises(QuarantineError):
        fulfill(session, lost, customer=None, metadata=lost["metadata"] | {"userId": str(newcomer.id)})


def test_our_stamp_alone_is_quarantined_not_ignored(session: Session, lost: dict[str, Any]) -> None:
    with pytest.raises(QuarantineError):
        fulfill(session, lost, metadata={"app": "payapp"})


def test_what_is_quarantined_can_be_granted_once_the_books_are_mended(
    session: Session, user: User, lost: dict[str, Any]
) -> None:
    customer_id, user.stripe_customer_id = user.stripe_customer_id, "cus_from_the_backup"
    session.commit()
    with pytest.raises(QuarantineError):
        fulfill(session, lost)
    session.rollback()
    user.stripe_customer_id = customer_id
    session.commit()
    assert fulfill(session, lost) == "granted"


@pytest.mark.parametrize(
    ("text", "row_id"),
    [("1", 1), ("007", 7), ("9" * 18, 10**18 - 1), ("9" * 19, None), ("", None), (None, None), ("-1", None)],
)
def test_read_id_returns_only_what_a_column_can_hold(text: str | None, row_id: int | None) -> None:
    assert read_id(text) == row_id


def _change(source: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with `fields` changed, written as in DISAGREEMENTS."""
    changed = source | {"metadata": dict(source["metadata"])}
    for name, value in fields.items():
        if not name.startswith("metadata."):
            changed[name] = value
        elif value is None:
            del changed["metadata"][name.removeprefix("metadata.")]
        else:
            changed["metadata"][name.removeprefix("metadata.")] = value
    return changed


def test_a_purchase_that_was_granted_is_not_granted_again(session: Session, user: User, lost: dict[str, Any]) -> None:
    """The row alone is gone, deleted by hand: a new row would have a new id, and so the grant another key."""
    named = lost["metadata"]["purchaseId"]
    grant(session, user.id, 500, idempotency_key=f"purchase:{named}")
    session.commit()
    with pytest.raises(QuarantineError, match="has granted it"):
        fulfill(session, lost)
    session.rollback()
    assert get_balance(session, user.id).posted == 500

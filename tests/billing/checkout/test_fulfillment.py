"""billing.fulfillment: granting what was paid for, exactly once."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.billing.checkout.fulfillment import expire_checkout, fail_checkout, fulfill_checkout
from payapp.billing.errors import QuarantineError
from payapp.billing.models import Purchase
from payapp.ledger.balances import get_balance, list_entries
from payapp.ledger.verification import verify
from tests.billing.fulfilling import count_of_purchases, fulfill, posted_of, quarantines, read
from tests.factories import checkout_session_object, make_purchase, make_user

DISAGREEMENTS = [
    ("customer", "cus_somebody_else"),
    ("customer", None),
    ("currency", "eur"),
    ("currency", "USD"),
    ("currency", None),
    ("livemode", True),
    ("amount_total", 3899),
    ("amount_total", 3901),
    ("amount_total", 39),
    ("amount_total", 0),
    ("amount_total", -3900),
    ("amount_total", None),
    ("mode", "subscription"),
    ("mode", "setup"),
]
STRANGERS_METADATA: list[dict[str, str] | None] = [
    None,
    {},
    {"app": "another"},
    {"userId": "1"},
    {"credits": "500"},
    {"purchaseId": "1", "packageId": "growth"},
]


@pytest.fixture
def user(session: Session) -> User:
    """The buyer, with some credits already, beside another user who has a pending purchase of the same package."""
    make_purchase(session, make_user(session, credits=3))
    return make_user(session, credits=7)


@pytest.fixture
def purchase(session: Session, user: User) -> Purchase:
    return make_purchase(session, user)


def test_it_works(session: Session, purchase: Purchase) -> None:
    assert fulfill(session, purchase) == "granted"
    assert posted_of(session, purchase) == 7 + 500
    (entry, _) = list_entries(session, purchase.user_id, limit=9)
    assert (entry.amount, entry.entry_type, entry.note) == (500, "grant", "Growth package")
    assert entry.idempotency_key == f"purchase:{purchase.id}"
    assert purchase.status == "fulfilled"
    assert purchase.fulfilled_at is not None
    assert purchase.completed_at is not None
    assert purchase.stripe_payment_intent_id == f"pi_test_{purchase.id}"
    assert verify(session) == []


def test_it_grants_once(session: Session, purchase: Purchase) -> None:
    outcomes = [fulfill(session, purchase) for _ in range(4)]
    assert outcomes == ["granted", "already_granted", "already_granted", "already_granted"]
    assert posted_of(session, purchase) == 507


def test_it_leaves_every_other_purchase_alone(session: Session, purchase: Purchase) -> None:
    fulfill(session, purchase)
    others = session.execute(select(Purchase.status).where(Purchase.id != purchase.id)).scalars().all()
    assert others == ["pending"]
    assert session.scalars(select(func.sum(User.credits))).one() == 3 + 7 + 500


def test_it_never_commits(session: Session, purchase: Purchase) -> None:
    fulfill_checkout(session, read(purchase))
    session.rollback()
    assert (purchase.status, posted_of(session, purchase)) == ("pending", 7)


# ---- worth comes from our row


def test_worth_comes_from_our_row_and_not_from_the_package_list(session: Session, user: User) -> None:
    purchase = make_purchase(session, user, "growth", credits=450, amount_total=3500, currency="eur")
    assert fulfill(session, purchase) == "granted"
    assert posted_of(session, purchase) == 7 + 450


def test_worth_stays_when_the_package_is_sold_no_longer(session: Session, user: User) -> None:
    purchase = make_purchase(session, user, package_id="growth")
    purchase.package_id = "of_last_year"
    session.commit()
    assert fulfill(session, purchase) == "granted"
    assert list_entries(session, user.id, limit=1)[0].note == "Credit package"


def test_metadata_of_a_session_that_has_a_row_is_not_believed(session: Session, purchase: Purchase) -> None:
    other = make_user(session)
    lies = {"userId": str(other.id), "credits": "1000000000", "packageId": "pro", "purchaseId": "1", "app": "payapp"}
    assert fulfill(session, purchase, metadata=lies, client_reference_id="1") == "granted"
    assert (posted_of(session, purchase), get_balance(session, other.id).posted) == (507, 0)


def test_metadata_of_a_session_that_has_a_row_is_not_needed(session: Session, user: User) -> None:
    for metadata in (None, {}, {"app": "another"}, {"purchaseId": "x"}):
        purchase = make_purchase(session, user)
        assert fulfill(session, purchase, metadata=metadata) == "granted"
    assert get_balance(session, user.id).posted == 7 + 4 * 500


def test_a_session_that_does_not_agree_is_quarantined(session: Session, purchase: Purchase) -> None:
    for field, value in DISAGREEMENTS:
        assert quarantines(session, purchase, **{field: value}), f"{field} {value!r}"
    assert fulfill(session, purchase) == "granted", "the true session still counts"


def test_the_quarantine_names_the_session_the_purchase_and_what_is_wrong(session: Session, purchase: Purchase) -> None:
    with pytest.raises(QuarantineError) as caught:
        fulfill_checkout(session, read(purchase, amount_total=1, currency="eur"))
    for part in (purchase.stripe_checkout_session_id, f"purchase {purchase.id}", "amount_total, currency"):
        assert str(part) in str(caught.value)


def test_a_session_that_does_not_agree_is_quarantined_also_after_the_grant(
    session: Session, purchase: Purchase
) -> None:
    fulfill(session, purchase)
    assert quarantines(session, purchase, amount_total=1)


# ---- whose session it is


def test_a_session_whose_id_was_never_saved_is_matched_by_its_purchase_id(session: Session, user: User) -> None:
    purchase = make_purchase(session, user, stripe_checkout_session_id=None)
    before = count_of_purchases(session)
    assert fulfill(session, purchase, id="cs_test_never_saved") == "granted"
    assert (purchase.status, purchase.stripe_checkout_session_id) == ("fulfilled", "cs_test_never_saved")
    assert fulfill(session, purchase) == "already_granted"
    assert (count_of_purchases(session), posted_of(session, purchase)) == (before, 507)


def test_a_session_whose_id_was_never_saved_must_agree_all_the_same(session: Session, purchase: Purchase) -> None:
    purchase.stripe_checkout_session_id = None
    session.commit()
    assert quarantines(session, purchase, id="cs_test_never_saved", amount_total=1)
    assert quarantines(session, purchase, id="cs_test_never_saved", customer="cus_somebody_else")
    assert purchase.stripe_checkout_session_id is None


def test_a_purchase_id_of_somebody_else_is_not_believed(session: Session, purchase: Purchase) -> None:
    victim = make_purchase(session, make_user(session), stripe_checkout_session_id=None)
    metadata = checkout_session_object(purchase)["metadata"] | {"purchaseId": str(victim.id)}
    # The session is rebuilt for the customer who paid it, and the victim's purchase stays as it is.
    assert fulfill(session, purchase, id="cs_test_other", metadata=metadata) == "granted"
    assert (victim.status, posted_of(session, victim), posted_of(session, purchase)) == ("pending", 0, 507)


def test_a_second_session_for_one_purchase_is_a_payment_of_its_own(session: Session, purchase: Purchase) -> None:
    """Should Stripe ever make two sessions for one row: who pays twice gets twice."""
    fulfill(session, purchase)
    before = count_of_purchases(session)
    assert fulfill(session, purchase, id="cs_test_second", payment_intent="pi_test_second") == "granted"
    assert (count_of_purchases(session), posted_of(session, purchase)) == (before + 1, 1007)


def test_a_payment_intent_pays_one_purchase_only(session: Session, user: User, purchase: Purchase) -> None:
    fulfill(session, purchase, payment_intent="pi_test_same")
    second = make_purchase(session, user, "pro")
    assert quarantines(session, second, payment_intent="pi_test_same")
    assert quarantines(session, second, payment_intent="pi_test_same", payment_status="unpaid")


def test_a_stranger_s_session_is_left_alone(session: Session, purchase: Purchase) -> None:
    before = count_of_purchases(session)
    for metadata in STRANGERS_METADATA:
        fields = {"id": "cs_test_stranger", "metadata": metadata}
        assert fulfill_checkout(session, read(purchase, **fields)) == "stranger"
        assert not fail_checkout(session, read(purchase, payment_status="unpaid", **fields))
        assert not expire_checkout(session, read(purchase, status="expired", payment_status="unpaid", **fields))
    session.commit()
    assert (count_of_purchases(session), purchase.status, posted_of(session, purchase)) == (before, "pending", 7)


def test_a_session_that_was_closed_for_its_wrong_price_is_not_quarantined_when_it_expires(
    session: Session, user: User
) -> None:
    purchase = make_purchase(session, user, status="failed")
    expired = read(purchase, status="expired", payment_status="unpaid", amount_total=9999)
    assert expire_checkout(session, expired)
    assert purchase.status == "failed"

"""reconcile() finds nothing about deleted users, whatever happened before or happens afterwards."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from payapp.account.deletion import delete_user
from payapp.auth.accounts import make_unusable_hash
from payapp.billing.customer_sync import list_users_to_sync
from payapp.billing.errors import DeletedUserError
from payapp.billing.models import Purchase
from payapp.billing.packages import get_package
from payapp.ledger.verification import verify
from tests.billing.reconciling import Town, credits_of, repairs
from tests.billing.shop import Shop


def leave(town: Town) -> None:
    unusable_hash = make_unusable_hash()
    town.session.rollback()
    assert delete_user(town.session, town.user.id, unusable_hash)
    town.session.commit()


def nothing(_town: Town, _purchase: Purchase) -> None: ...


def half_refunded(town: Town, purchase: Purchase) -> None:
    town.refund(purchase, purchase.amount_total // 2)


def disputed_and_won(town: Town, purchase: Purchase) -> None:
    town.dispute(purchase)
    town.dispute(purchase, "won")


def lost(town: Town, purchase: Purchase) -> None:
    town.dispute(purchase, "lost")


DEEDS = [nothing, half_refunded, disputed_and_won, lost]
Deed = Callable[[Town, Purchase], None]


@pytest.fixture
def purchase(town: Town) -> Purchase:
    return town.buy()


@pytest.mark.parametrize("afterwards", DEEDS)
@pytest.mark.parametrize("before", [nothing, half_refunded])
def test_it_finds_nothing(town: Town, purchase: Purchase, before: Deed, afterwards: Deed) -> None:
    before(town, purchase)
    leave(town)
    assert credits_of(town) == 0
    if before is not afterwards:
        afterwards(town, purchase)
    assert town.find() == []
    assert verify(town.session) == []


def test_a_late_payment_is_granted_once(town: Town, session: Session) -> None:
    late = town.buy(is_told=False)
    town.session.delete(late)  # never heard of, when the user left
    town.session.commit()
    leave(town)
    assert [each.kind for each in town.find()] == ["missing_purchase"]
    late = town.buy()
    assert credits_of(town) == late.credits


def test_what_was_never_told_is_repaired_afterwards(town: Town, purchase: Purchase) -> None:
    leave(town)
    town.refund(purchase, purchase.amount_total, is_told=False)
    assert repairs(town, "missing_refund")
    assert credits_of(town) == -purchase.credits


def test_stripe_is_not_asked_to_make_a_customer_again(town: Town) -> None:
    leave(town)
    town.user.stripe_customer_id = None
    town.session.commit()
    assert list_users_to_sync(town.session) == []
    shop = Shop(town.session, town.stripe, town.user.id)
    with pytest.raises(DeletedUserError):
        shop.buy(get_package("growth").id)

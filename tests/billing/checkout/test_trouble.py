"""start_checkout() when answers are lost, processes die, or Stripe says no."""

from datetime import timedelta
from uuid import uuid4

import pytest

from payapp.billing.checkout import starting as checkout
from payapp.billing.checkout.starting import start_checkout
from payapp.billing.checkout.storefront import Storefront
from payapp.billing.errors import CheckoutUnavailableError, PriceMismatchError
from payapp.billing.packages import get_package
from payapp.database.clock import utc_now
from payapp.stripe_types.objects import StripeRefusedError, StripeUnavailableError
from tests.billing.conftest import DieAfterStripe
from tests.billing.shop import Shop, list_open, make_price
from tests.stand_in import (
    CREATE_CHECKOUT_SESSION,
    EXPIRE_CHECKOUT_SESSION,
    GET_CHECKOUT_SESSION,
    StandIn,
)

GROWTH = get_package("growth")


def lose_answer(stripe: StandIn, shop: Shop) -> None:
    """Have Stripe open a page whose address nobody gets to know."""
    stripe.arm(CREATE_CHECKOUT_SESSION, "reset", when="after", count=2)
    with pytest.raises(StripeUnavailableError):
        shop.buy()


def test_it_takes_up_the_page_whose_answer_was_lost(stripe: StandIn, shop: Shop) -> None:
    lose_answer(stripe, shop)
    url = shop.buy()
    assert list_open(stripe, shop) == [url]
    assert shop.statuses == ["pending"]


def test_it_survives_a_crash_between_stripes_answer_and_our_commit(
    stripe: StandIn, shop: Shop, die_after_stripe: DieAfterStripe
) -> None:
    die_after_stripe("checkout", shop.user_id)
    [purchase] = shop.purchases
    assert purchase.stripe_checkout_session_id is None
    # The same price list, settings and address as the process that died.
    url = start_checkout(shop.session, shop.service, Storefront("http://localhost", {}), shop.user_id, GROWTH)
    assert list_open(stripe, shop) == [url]
    assert shop.purchases[0].stripe_checkout_session_id is not None


def test_it_opens_another_page_when_settings_changed_after_a_lost_answer(stripe: StandIn, shop: Shop) -> None:
    lose_answer(stripe, shop)
    shop.price_ids = {"growth": make_price(stripe, 3900)}
    url = shop.buy()  # Stripe refuses the same key with other parameters
    assert shop.statuses == ["failed", "pending"]
    assert url in list_open(stripe, shop)


def test_it_closes_what_was_never_opened_and_is_too_old(stripe: StandIn, shop: Shop) -> None:
    stripe.arm(CREATE_CHECKOUT_SESSION, "reset", count=2)
    with pytest.raises(StripeUnavailableError):
        shop.buy()
    shop.set_newest(checkout_expires_at=utc_now() + timedelta(minutes=20))
    shop.buy()  # Stripe would refuse to open a page for less than half an hour
    assert shop.statuses == ["expired", "pending"]


def test_it_uses_another_key_when_stripe_repeats_a_failure(stripe: StandIn, shop: Shop) -> None:
    lose_answer(stripe, shop)
    stripe.keep_failure(shop.purchases[0].stripe_checkout_key)
    assert shop.buy().startswith("http")
    assert shop.statuses == ["failed", "pending"]


def test_it_opens_another_page_when_stripe_knows_ours_no_longer(stripe: StandIn, shop: Shop) -> None:
    shop.buy()
    shop.set_newest(stripe_checkout_session_id=f"cs_test_{uuid4().hex}")
    assert shop.buy().startswith("http")
    assert shop.statuses == ["failed", "pending"]


@pytest.mark.parametrize(("amount", "currency"), [(100, "usd"), (390_000, "usd")])
def test_it_catches_a_wrong_price_before_anybody_pays(stripe: StandIn, shop: Shop, amount: int, currency: str) -> None:
    shop.price_ids = {"growth": make_price(stripe, amount, currency)}
    with pytest.raises(PriceMismatchError, match=f"costs 3900 usd here, {amount} {currency} at Stripe"):
        shop.buy()
    assert shop.statuses == ["failed"]
    assert list_open(stripe, shop) == []
    shop.price_ids = {"growth": make_price(stripe, 3900)}
    assert [shop.buy()] == list_open(stripe, shop)


def test_it_never_asks_for_another_currency(stripe: StandIn, shop: Shop) -> None:
    """Not even where the price has several: the currency is asked for, and Stripe refuses what has it not."""
    shop.price_ids = {"growth": make_price(stripe, 3900, "eur")}
    with pytest.raises(StripeRefusedError):
        shop.buy()
    assert (shop.statuses, list_open(stripe, shop)) == (["failed"], [])


def test_it_does_not_tell_a_wrong_page_that_could_not_be_closed(stripe: StandIn, shop: Shop) -> None:
    shop.price_ids = {"growth": make_price(stripe, 100)}
    stripe.arm(EXPIRE_CHECKOUT_SESSION, "500", count=10)
    with pytest.raises(StripeUnavailableError):
        shop.buy()
    assert shop.statuses == ["failed"]


def test_it_begins_anew_after_stripe_refused(stripe: StandIn, shop: Shop) -> None:
    shop.price_ids = {"growth": "price_that_is_not"}
    with pytest.raises(StripeRefusedError) as refused:
        shop.buy()
    assert refused.value.code == "resource_missing"
    shop.price_ids = {}
    assert shop.buy().startswith("http")
    assert shop.statuses == ["failed", "pending"]


@pytest.mark.parametrize("operation", [CREATE_CHECKOUT_SESSION, GET_CHECKOUT_SESSION])
@pytest.mark.parametrize("fault", ["500", "429", "reset"])
def test_it_raises_when_stripe_gives_no_clear_answer(stripe: StandIn, shop: Shop, operation: str, fault: str) -> None:
    if operation == GET_CHECKOUT_SESSION:
        shop.buy()
    stripe.arm(operation, fault, count=10)
    with pytest.raises(StripeUnavailableError):
        shop.buy()
    stripe.reset()
    assert [shop.buy()] == list_open(stripe, shop)
    assert shop.statuses == ["pending"]


def test_it_gives_up_after_a_few_attempts(stripe: StandIn, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "_is_current", lambda *_: False)
    with pytest.raises(CheckoutUnavailableError):
        shop.buy()
    assert list_open(stripe, shop) == []
